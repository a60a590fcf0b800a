/** What the server says and how it exits when it cannot start, as a process. */
import { mkdirSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { connect } from "../support/server/clients.ts"
import { launch, type ServerProcess } from "../support/server/ServerProcess.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"

/** The lines that tell of the failure: no stack, no second telling. */
const complaints = ({ lines }: ServerProcess) =>
  lines.all.filter((line) => !/^(API key|serving on|closing \d+)/.test(line))

const takenPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    onTestFinished(() => void server.close())
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })

describe("a server that cannot start", () => {
  it("a port in use is one readable line and exit code 69, on both transports", async () => {
    const port = await takenPort()
    const servers = ["uws", "ws"].map((name) =>
      launch(["--server.port", `${port}`, "--server.transport", name])
    )
    const told = `cannot listen on 127.0.0.1:${port}: the port is in use`
    for (const server of servers) {
      expect(await server.ended).toEqual({ code: 69, signal: null })
      expect(complaints(server)).toEqual([expect.stringContaining(told)])
    }
  })

  it("a port that another server holds is the same, and the other goes on", async () => {
    const first = launch(["--server.transport", "uws"])
    const port = await first.port()
    const second = launch(["--server.port", `${port}`])
    expect((await second.ended).code).toBe(69)
    expect((await connect(`ws://127.0.0.1:${port}`)).isOpen).toBe(true)
  })

  it("TLS files that are missing are one readable line and exit code 69", async () => {
    const server = launch(["--server.tls.cert", "/nowhere.pem", "--server.tls.key", "/nowhere.key"])
    expect(await server.ended).toEqual({ code: 69, signal: null })
    expect(complaints(server)).toEqual([expect.stringContaining("/nowhere.pem")])
  })

  it("a file with wrong types in five places names all five, and exits with 78", async () => {
    const file = join(temporaryFolder(), "broken.json")
    const broken = {
      server: { port: "many", transport: "tcp", shards: -1 },
      sending: { timer: { interval: "soon" } },
      onlyTestConnect: "maybe",
      totlSize: 3
    }
    writeFileSync(file, JSON.stringify(broken))
    const server = launch(["--config", file])
    expect(await server.ended).toEqual({ code: 78, signal: null })
    const said = server.stderr.join("\n")
    for (const key of [
      "server.port",
      "server.transport",
      "server.shards",
      "sending.timer.interval",
      "onlyTestConnect"
    ])
      expect(said).toMatch(new RegExp(`^ +${key}: expected .*, found .*broken.json`, "m"))
    expect(said).toContain("totlSize: unknown key; did you mean totalSize?")
    expect(said).toContain("6 problems")
  })

  it("a configuration file that is missing, a folder, no JSON or no object is told, with exit code 78", async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, "folder.json"))
    writeFileSync(join(folder, "broken.json"), "{ not json")
    writeFileSync(join(folder, "list.json"), "[1, 2]")
    const told = [
      ["nowhere.json", "nowhere.json: cannot be read"],
      ["folder.json", "folder.json: cannot be read"],
      ["broken.json", "broken.json: is not valid JSON"],
      ["list.json", "expected an object, found [1,2]"]
    ] as const
    const servers = told.map(([name]) => launch(["--config", join(folder, name)]))
    for (const [i, server] of servers.entries()) {
      expect(await server.ended).toEqual({ code: 78, signal: null })
      expect(server.stderr.join("\n")).toContain(told[i]![1])
      expect(server.stderr.filter((line) => /^\s+at /.test(line))).toEqual([])
    }
  })

  it("a store that another server has, or that is damaged, is one readable line and exit code 1", async () => {
    const [first, second] = [temporaryFolder(), temporaryFolder()]
    const holder = launch(["--store.path", first])
    await holder.port()
    writeFileSync(join(second, "clarion.mdb"), "no store")
    const told = [
      [first, "another running process has it; end that process, or give this one another store.path"],
      [second, "put a copy in its place, or move it away to begin anew"]
    ] as const
    for (const [path, advice] of told) {
      const server = launch(["--store.path", path])
      expect(await server.ended).toEqual({ code: 1, signal: null })
      expect(complaints(server)).toEqual([expect.stringContaining(advice)])
      expect(complaints(server)[0]).toContain(`the store ${path}`)
    }
  })

  it("a store that cannot be written is a warning, and the server serves with a key for the time being", async () => {
    const file = join(temporaryFolder(), "file")
    writeFileSync(file, "")
    const server = launch(["--store.path", join(file, "store")], { apiKey: null })
    const port = await server.port()
    const warning = server.lines.all.find((line) => line.includes("the API key cannot be kept in"))
    const key = /until the next start it is (\S+)$/.exec(warning ?? "")?.[1]
    const ask = (headers: Record<string, string>) => fetch(`http://127.0.0.1:${port}/metrics`, { headers })
    expect((await ask({ "x-api-key": key ?? "" })).status).toBe(200)
    expect((await ask({})).status).toBe(401)
  })
})

describe("a Node without a fitting uWebSockets.js", () => {
  const withoutUws = ["--import", new URL("../support/server/withoutUws.mjs", import.meta.url).href]

  it("auto says once what is lost, and serves over ws; uws is one readable line and exit code 69", async () => {
    const [auto, uws] = [
      launch([], { node: withoutUws }),
      launch(["--server.transport", "uws"], { node: withoutUws })
    ]
    expect((await connect(`ws://127.0.0.1:${await auto.port()}`)).isOpen).toBe(true)
    const told = auto.lines.all.filter((line) => line.includes("uWebSockets.js"))
    expect(told).toEqual([
      expect.stringMatching(/^uWebSockets.js does not load on Node v[\d.]+, so ws serves: .*README/)
    ])
    expect(auto.lines.all.some((line) => / over ws, /.test(line))).toBe(true)

    expect(await uws.ended).toEqual({ code: 69, signal: null })
    const why = 'server.transport is "uws", but uWebSockets.js does not load'
    expect(complaints(uws)).toEqual([expect.stringContaining(why)])
  })
})
