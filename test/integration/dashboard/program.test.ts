/** The program itself: the address that it tells at start, and the command that makes a hash of a password. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it, vi } from "vitest"
import { adminPaths } from "../../../src/protocol/dashboard.ts"
import { Visitor } from "../../support/admin/Visitor.ts"
import { launch } from "../../support/server/ServerProcess.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const link = async (args: ReadonlyArray<string>) => {
  const server = launch(args, { apiKey: null })
  const line = await server.lines.first((text) => text.startsWith("dashboard on "))
  return { server, url: new URL(line.slice("dashboard on ".length)), port: await server.port() }
}

describe("the address of the dashboard", () => {
  it("has the key that was made, once, and one can log in with it", async () => {
    const store = ["--store.path", temporaryFolder(), "--server.ip", "0.0.0.0"]
    const first = await link(store)
    expect([first.url.hostname, Number(first.url.port), first.url.pathname]).toEqual([
      "localhost",
      first.port,
      "/"
    ])
    const apiKey = new URLSearchParams(first.url.hash.slice(1)).get("key")!
    const visitor = new Visitor(first.port)
    await visitor.logIn({ apiKey })
    first.server.child.kill("SIGTERM")
    await first.server.ended
    const second = await link(store)
    expect(second.url.hash).toBe("")
    expect(second.server.lines.all.join()).not.toContain(apiKey)
    // The session is still there, the port is another one.
    const later = Object.assign(new Visitor(second.port), { cookie: visitor.cookie })
    expect((await later.get(adminPaths.session)).status).toBe(200)
  })

  it("is that of the admin port where there is one", async () => {
    const { url, port } = await link(["--store.path", temporaryFolder(), "--admin.port", "0"])
    expect(url.hostname).toBe("127.0.0.1")
    expect(Number(url.port)).not.toBe(port)
    await new Visitor(Number(url.port)).logIn({
      apiKey: new URLSearchParams(url.hash.slice(1)).get("key")!
    })
  })
})

describe("hash-password", () => {
  const program = fileURLToPath(new URL("../../../dist/server.js", import.meta.url))
  const run = (input: string, ...args: ReadonlyArray<string>) =>
    spawnSync(process.execPath, [program, "hash-password", ...args], { input, encoding: "utf8" })

  it.each([
    ["a line", "correct horse\n"],
    ["a line of another system", "correct horse\r\n"],
    ["no end", "correct horse"]
  ])("makes of %s what lets one log in", async (_, input) => {
    const { stdout, stderr, status } = run(input)
    expect([status, stderr]).toEqual([0, ""])
    const args = ["--store.path", temporaryFolder(), "--admin.passwordHash", stdout.trim()]
    const { server, port } = await link(args)
    await new Visitor(port).logIn({ password: "correct horse" })
    expect(server.lines.all.join()).not.toContain(stdout.trim())
  })

  it.each([
    ["a short one", "secret\n", "at least 8 characters, and this one 6"],
    ["nothing", "", "at least 8 characters, and this one 0"],
    ["two lines", "correct\nhorse\n", "a password is one line"],
    ["one without end", "x".repeat(10_000), "at most 1024 characters"]
  ])("refuses %s", (_, input, says) => {
    const { stdout, stderr, status } = run(input)
    expect([status, stdout, stderr]).toEqual([78, "", expect.stringContaining(says)])
  })

  it("tells what it does", () => {
    const { stdout, status } = run("", "--help")
    expect([status, stdout]).toEqual([0, expect.stringContaining("CLARION_ADMIN_PASSWORD_HASH")])
    const wrong = run("", "--passwort")
    expect([wrong.status, wrong.stderr]).toEqual([78, expect.stringContaining("--passwort")])
  })
})
