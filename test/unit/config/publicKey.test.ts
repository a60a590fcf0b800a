import { generateKeyPairSync } from "node:crypto"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { InnerProblems } from "../../../src/config/Kind.ts"
import { type KeyType, publicKey } from "../../../src/config/publicKey.ts"
import { pem, publicKeys } from "../../support/publicKeys.ts"

/** What is wrong with it; undefined: nothing. */
const problem = (type: KeyType, json: unknown): string | undefined => {
  const decoded = publicKey(type).decode(json)
  if (Result.isSuccess(decoded)) return undefined
  return decoded.failure instanceof InnerProblems ? decoded.failure.problems[0]!.message : "not a text"
}

describe("a public key in the configuration", () => {
  it.each(["rsa", "ec", "ed25519"] as const)(
    "of the type %s is taken, and stays the text that it is",
    (type) => {
      expect(Result.getOrThrow(publicKey(type).decode(publicKeys[type]))).toBe(publicKeys[type])
    }
  )

  it("may be in the older form of RSA keys", () => {
    const { publicKey: key } = generateKeyPairSync("rsa", { modulusLength: 2048 })
    expect(problem("rsa", key.export({ type: "pkcs1", format: "pem" }))).toBeUndefined()
  })

  it("is of the type that the option wants", () => {
    expect(problem("rsa", publicKeys.ec)).toBe(
      "expected an RSA public key of at least 2048 bits, found another key"
    )
    expect(problem("ec", publicKeys.ed25519)).toContain("P-256, P-384 or P-521")
    expect(problem("ed25519", publicKeys.rsa)).toContain("an Ed25519 public key")
  })

  it("has enough bits, or a curve of the standard", () => {
    const { publicKey: short } = generateKeyPairSync("rsa", { modulusLength: 1024 })
    expect(problem("rsa", pem(short))).toContain("at least 2048 bits")
    const { publicKey: odd } = generateKeyPairSync("ec", { namedCurve: "secp256k1" })
    expect(problem("ec", pem(odd))).toContain("P-256")
  })

  it("that is not one, or broken, says so", () => {
    expect(problem("rsa", "-----BEGIN PUBLIC KEY-----\nMFww\n-----END PUBLIC KEY-----")).toMatch(
      /^cannot be read as PEM: /
    )
    expect(problem("ec", "/etc/keys/public.pem")).toMatch(/^cannot be read as PEM: /)
    expect(problem("ec", 5)).toBe("not a text")
  })

  it("is not the private one, which is not repeated either", () => {
    const { privateKey } = generateKeyPairSync("ed25519")
    const text = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
    expect(problem("ed25519", text)).toBe("is a private key: the server needs the public one alone")
  })
})
