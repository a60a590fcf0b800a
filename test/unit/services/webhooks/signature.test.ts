/** Deliveries are signed so that the code in docs/proxy.md verifies them. */
import { execFileSync, spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { makeSigner } from "../../../../src/services/webhooks/signature.ts"
import { temporaryFolder } from "../../../support/server/temporaryFolder.ts"

type Headers = Readonly<Record<string, string>>
type Verify = (headers: Headers, body: Buffer, secret: string) => boolean

const section = readFileSync(new URL("../../../../docs/proxy.md", import.meta.url), "utf8").split(
  "### Verifying"
)[1]!
const codeIn = (language: string) => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)![1]!

const body = Buffer.from('{"id":"msg-1","events":["\u20ac"]}')
const now = Date.now()

/** The same cases for each language. */
const cases = (load: () => Promise<Verify>) => {
  it.each(["any text", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])(
    "takes what was signed with %s, and nothing else",
    async (secret) => {
      const verify = await load()
      const headers = makeSigner(secret)("msg-1", now, body)
      expect(verify(headers, body, secret)).toBe(true)
      expect(verify(headers, body, `${secret.slice(0, -4)}aaaa`)).toBe(false)
      expect(verify(headers, Buffer.concat([body, Buffer.from(" ")]), secret)).toBe(false)
      expect(verify({ ...headers, "webhook-id": "msg-2" }, body, secret)).toBe(false)
      const later = String(Number(headers["webhook-timestamp"]) + 1)
      expect(verify({ ...headers, "webhook-timestamp": later }, body, secret)).toBe(false)
      expect(verify({ ...headers, "webhook-signature": "v1,AAAA" }, body, secret)).toBe(false)
      expect(verify(makeSigner(secret)("msg-1", now - 600_000, body), body, secret)).toBe(false)
    }
  )
}

describe("the JavaScript of the documentation", () => {
  cases(async () => {
    const file = join(temporaryFolder(), "verify.mjs")
    writeFileSync(file, codeIn("js"))
    return (await import(file)).verify
  })
})

describe.skipIf(spawnSync("python3", ["--version"]).status !== 0)("the Python of the documentation", () => {
  cases(async () => {
    const program = [
      "import json, sys",
      codeIn("python"),
      "asked = json.load(sys.stdin)",
      "print(verify(asked['headers'], asked['body'].encode(), asked['secret']))"
    ].join("\n")
    return (headers, body, secret) => {
      const input = JSON.stringify({ headers, body: body.toString(), secret })
      return execFileSync("python3", ["-c", program], { input, encoding: "utf8" }).trim() === "True"
    }
  })
})
