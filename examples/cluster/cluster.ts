/**
 * Two nodes of Clarion, one NATS server and a port in front of both nodes on this machine, until Ctrl-C: what is published on one is heard on both,
 * and whoever loses a node goes on with the other. Everything may be killed, and is started again by the command that is printed then.
 *
 * Run: npm run cluster, then what it prints; npm run cluster -- --help tells how to choose ports.
 */
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdir } from "node:fs/promises"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { listenInFront } from "./front.ts"
import { options } from "./options.ts"
import { type Command, DidNotStart, Program } from "./Program.ts"

const { ports, frontPort, natsPort, data } = options()
const root = fileURLToPath(new URL("../../../", import.meta.url))
/** All nodes let in the same programs: they share one key. */
const key = process.env.CLARION_AUTH_API_KEY ?? randomBytes(24).toString("base64url")

const nats: Command = {
  name: "nats",
  command: "nats-server",
  args: ["-a", "127.0.0.1", "-p", String(natsPort), "-js", "-sd", `${data}/nats`],
  ready: /Server is ready/,
  log: resolve(root, data, "nats.log")
}
const node = (port: number): Command => ({
  name: `node ${port}`,
  command: process.execPath,
  args: [
    ...["dist/server.js", "--config", "examples/cluster/node.json"],
    ...["--server.port", String(port), "--store.path", `${data}/node-${port}`],
    ...["--broker.nats.servers", `nats://127.0.0.1:${natsPort}`]
  ],
  ready: /serving on/,
  log: resolve(root, data, `node-${port}.log`)
})
const programs = [
  new Program(nats, root, {}),
  ...ports.map((port) => new Program(node(port), root, { CLARION_AUTH_API_KEY: key }))
]

let stoppingSince: number | undefined
/** Ends the nodes first, which close their connections, then NATS. */
const stop = async (why: string, exitCode: number) => {
  stoppingSince = performance.now()
  console.log(why)
  for (const program of [...programs].reverse()) await program.stop()
  // What is being started will never be ready, and clients may be connected in front.
  process.exit(exitCode)
}

/** npm hands on the Ctrl-C that a terminal has sent already: two at once are one. */
const ONE_CTRL_C_MS = 1000
/** Who asks again later does not want to wait. */
const interrupted = () => {
  if (stoppingSince === undefined) stop("stopping", 0)
  else if (performance.now() - stoppingSince > ONE_CTRL_C_MS) for (const program of programs) program.kill()
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupted)

const ended = ({ of: { name }, line }: Program) => {
  if (stoppingSince === undefined)
    console.log(`\n${name} has ended, the others go on. To start it again, in ${root}:\n  ${line}`)
}

const startAll = async () => {
  await mkdir(resolve(root, data), { recursive: true })
  await once(listenInFront(frontPort, ports), "listening")
  for (const program of programs) {
    if (stoppingSince !== undefined) return
    await program.start(() => ended(program))
    console.log(`${program.of.name} is process ${program.pid}, its log ${program.of.log}`)
  }
}

/** Where things are, and what to try. */
const guide = (): string => {
  const [one, other] = ports.map((port) => `http://localhost:${port}`)
  return `
Two nodes are one service: ${one} and ${other}; in front of both, http://localhost:${frontPort}

In two browsers, a chat over two nodes:  ${one}/demo  ${other}/demo
  and in front, where it goes on when its node is killed:  http://localhost:${frontPort}/demo
The dashboard of each node, which asks for the key ${key}:  ${one}/  ${other}/
In another shell, a client that comes back when its node is killed (kill -9 and a process named above), and is sent what it missed:
  node dist/examples/cluster/listen.js ws://localhost:${frontPort}/connection/websocket news
and in a third one:
  curl -H 'X-API-Key: ${key}' -d '{"channel":"news","data":{"text":"hello"}}' http://localhost:${frontPort}/api/publish
  curl -H 'X-API-Key: ${key}' -d '{}' http://localhost:${frontPort}/api/info
Ctrl-C ends all of it.`
}

try {
  await startAll()
  if (stoppingSince === undefined) console.log(guide())
} catch (error) {
  if (stoppingSince === undefined)
    await stop(error instanceof DidNotStart ? error.message : `port ${frontPort}: ${error}`, 1)
}
