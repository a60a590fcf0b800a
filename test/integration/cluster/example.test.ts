/** The example of a cluster does as README and what it prints say. */
import { spawn } from "node:child_process"
import { describe, expect, it, onTestFinished } from "vitest"
import { type Program, ROOT, start } from "../../support/client/Program.ts"
import { freePort, listen } from "../../support/client/servers.ts"
import { noNatsServer } from "../../support/nats/NatsServer.ts"
import { gone, isRunning } from "../../support/processes/running.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const KEY = "key-of-the-example"
const EXAMPLE = "dist/examples/cluster/cluster.js"

const run = async () => {
  const [one, other, front, nats] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const example = start(
    [
      EXAMPLE,
      ...["--ports", `${one},${other}`, "--front-port", String(front), "--nats-port", String(nats)],
      ...["--data", temporaryFolder()]
    ],
    { environment: { CLARION_AUTH_API_KEY: KEY } }
  )
  return { example, one, other, front }
}

/** Not over a connection that was kept: it may lead to a node that was killed meanwhile. */
const ALONE = { connection: "close" }

const api = async (port: number, method: string, request: object): Promise<Record<string, unknown>> => {
  const answer = await fetch(`http://localhost:${port}/api/${method}`, {
    method: "POST",
    headers: { ...ALONE, "x-api-key": KEY },
    body: JSON.stringify(request)
  })
  return (await answer.json()) as Record<string, unknown>
}

const pidOf = async (example: Program, name: string): Promise<number> =>
  Number((await example.line(new RegExp(`^${name} is process (\\d+)`)))[1])

/** What is printed for whoever has killed a program, in a shell of the test's own. */
const startAgain = async (example: Program, name: string, ready: RegExp) => {
  await example.line(new RegExp(`^${name} has ended, the others go on`))
  const [, line] = await example.line(
    name === "nats"
      ? /^ {2}(nats-server .*)/
      : new RegExp(`^ {2}(\\S+ \\S+ dist/server.js .* ${name.slice(5)} .*)`)
  )
  const child = spawn("sh", ["-c", `exec env ${line}`], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  await new Promise<void>((resolve, reject) => {
    for (const output of [child.stdout, child.stderr])
      output.setEncoding("utf8").on("data", (text: string) => ready.test(text) && resolve())
    child.once("exit", (code) => reject(new Error(`${line} has ended: ${code}`)))
  })
}

describe.skipIf(noNatsServer !== undefined)(`examples/cluster ${noNatsServer ?? ""}`, () => {
  it("a client in front of two nodes goes on, with what it missed, when its node is killed, or NATS; what was killed comes back", async () => {
    const { example, one, other, front } = await run()
    await example.line(/Two nodes are one service/)
    const listener = start([
      "dist/examples/cluster/listen.js",
      `ws://localhost:${front}/connection/websocket`,
      "news"
    ])
    await listener.line(/^subscribed to news$/)
    const connectionsOf = async () =>
      ((await api(front, "info", {})).result as { nodes: Array<{ name: string; num_clients: number }> }).nodes
    const nodes = await connectionsOf()
    expect(nodes.map((node) => node.num_clients).sort()).toEqual([0, 1])
    const its = nodes.find((node) => node.num_clients === 1)!.name.endsWith(String(one)) ? one : other
    const spared = its === one ? other : one
    const publish = (port: number, text: string) => api(port, "publish", { channel: "news", data: { text } })

    expect((await publish(spared, "hello")).result).toMatchObject({ offset: 1 })
    await listener.line(/^1: \{"text":"hello"\}$/)
    process.kill(await pidOf(example, `node ${its}`), "SIGKILL")
    // The kernel takes connections to it until the last of its threads has ended.
    await example.line(new RegExp(`^node ${its} has ended`))
    await publish(spared, "missed")
    for (let asked = 0; asked < 4; asked++)
      expect((await fetch(`http://localhost:${front}/ready`, { headers: ALONE })).status).toBe(200)
    await listener.line(/^subscribed to news, and nothing is missed$/)
    await listener.line(/^2: \{"text":"missed"\}$/)
    await startAgain(example, `node ${its}`, /serving on/)
    expect((await publish(its, "back")).result).toMatchObject({ offset: 3 })
    await listener.line(/^3: \{"text":"back"\}$/)

    process.kill(await pidOf(example, "nats"), "SIGKILL")
    await startAgain(example, "nats", /Server is ready/)
    // Until the node has found it again, publications are refused with a temporary error.
    let offset: unknown
    while (offset === undefined)
      offset = ((await publish(spared, "again")).result as { offset: number } | undefined)?.offset
    await listener.line(new RegExp(`^${offset}: \\{"text":"again"\\}$`))

    example.signal("SIGTERM")
    expect((await example.ended).code).toBe(0)
  }, 120_000)

  it("serves the demo and the dashboard where it says so, and no logs; Ctrl-C twice leaves nothing behind", async () => {
    const { example, one, other, front } = await run()
    await example.line(/^Ctrl-C ends all of it/)
    const pages = [`${one}/demo`, `${other}/demo`, `${front}/demo`, `${one}/`, `${other}/`]
    for (const page of pages) {
      expect(example.output).toContain(`http://localhost:${page}`)
      const answer = await fetch(`http://localhost:${page}`, { headers: { accept: "text/html" } })
      expect([page, answer.status]).toEqual([page, 200])
    }
    await expect(fetch(`http://127.0.0.2:${one}/ready`)).rejects.toThrow("fetch failed")
    expect(example.output).not.toMatch(/undefined|0\.0\.0\.0|"level"/)

    const pids = await Promise.all(
      ["nats", `node ${one}`, `node ${other}`].map((name) => pidOf(example, name))
    )
    example.signal("SIGINT")
    await example.line(/^stopping$/)
    example.signal("SIGINT")
    expect((await example.ended).code).toBe(0)
    await Promise.all(pids.map(gone))
    expect(pids.map(isRunning)).toEqual([false, false, false])
  })
})

it("says what is wrong when its port is taken", async () => {
  const { port } = await listen()
  const example = start([EXAMPLE, "--front-port", String(port), "--data", temporaryFolder()])
  expect((await example.ended).code).toBe(1)
  expect(example.output).toMatch(/^port \d+: Error: listen EADDRINUSE/)
})

it("says what to install where there is no nats-server", async () => {
  const front = String(await freePort())
  const example = start([EXAMPLE, "--front-port", front, "--data", temporaryFolder()], {
    environment: { PATH: "/nonexistent" }
  })
  expect((await example.ended).code).toBe(1)
  expect(example.output).toBe("nats does not start: there is no nats-server (apt-get install nats-server)")
})

it.each([
  ["--help", 0, "npm run cluster -- [OPTIONS]"],
  ["--ports 18801", 78, "--ports 18801: two nodes at least"],
  ["--ports 18801,x", 78, "x is no port"],
  ["--ports 18801,18802 --nats-port 18801", 78, "each can be taken once"],
  ["--port 18801", 78, "Unknown option '--port'"]
])("npm run cluster -- %s is answered in words, with exit code %i", async (args, code, words) => {
  const example = start([EXAMPLE, ...args.split(" ")])
  expect((await example.ended).code).toBe(code)
  expect(code === 0 ? example.output : example.errors).toContain(words)
  expect(`${example.output}${example.errors}`).not.toMatch(/^ {4}at /m)
})
