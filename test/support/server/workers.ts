/** A server of worker processes from dist, with its workers, their connections and what it tells of itself to look at. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { onTestFinished } from "vitest"
import type { ActorNode } from "../../../src/services/ActorTree.ts"
import type { Receipt } from "../../../src/services/receipts/Receipts.ts"
import { childrenOf, isRunning, look } from "../processes/running.ts"
import { Asker, ask } from "./ask.ts"
import { type Client, connectMany } from "./clients.ts"
import { type Figures, parseFigures } from "./figures.ts"
import { API_KEY, type LaunchOptions, launch, type ServerProcess } from "./ServerProcess.ts"

export const WITH_KEY = { headers: { "x-api-key": API_KEY } }

/** A broadcast at every tick. */
export const TICKING = [
  ...["--onlyTestConnect", "false", "--totalSize", "1"],
  ...["--sending.timer.delay", "50 ms", "--sending.timer.interval", "50 ms"]
]

/** inode → port of the other side, of the connections that have this port on this side. */
const socketsOf = (port: number): ReadonlyMap<string, number> => {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  // number: address:port address:port state queues timer retransmits uid timeout inode
  const row = new RegExp(`^ *\\d+: \\w+${local} \\w+:(\\w+) \\w+ \\S+ \\S+ +\\S+ +\\d+ +\\d+ +(\\d+) `, "gm")
  const rows = readFileSync("/proc/net/tcp", "latin1").matchAll(row)
  return new Map([...rows].map(([, remote = "", inode = ""]) => [inode, Number.parseInt(remote, 16)]))
}

const inodesOf = (pid: number): ReadonlyArray<string> =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return []
    }
  })

export class WorkerServer {
  constructor(
    readonly process: ServerProcess,
    readonly port: number
  ) {}

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`
  }

  get pid(): number {
    return this.process.child.pid!
  }

  /** The process ids of the workers, oldest first. */
  get workers(): ReadonlyArray<number> {
    return childrenOf(this.pid)
  }

  /** A worker that was not among these. */
  async newWorker(known: ReadonlyArray<number>): Promise<number> {
    while (true) {
      const pid = this.workers.find((worker) => !known.includes(worker))
      if (pid !== undefined) return pid
      await look()
    }
  }

  /** What an embedding program publishes, and what became of it. */
  async publish(text: string): Promise<Receipt> {
    this.process.child.stdin!.write(`${text}\n`)
    const entry = await this.process.entries.first(({ message }) => message === `receipt of ${text}`)
    return entry.annotations as unknown as Receipt
  }

  /** How the receipt of this id stands; undefined where there is none. */
  async receipt(id: string): Promise<Receipt | undefined> {
    const said = () => this.process.entries.all.filter(({ message }) => message === `receipt of ?${id}`)
    const before = said().length
    this.process.child.stdin!.write(`?${id}\n`)
    await this.process.entries.until(() => said().length > before)
    return said().at(-1)!.annotations as unknown as Receipt | undefined
  }

  async figures(): Promise<Figures> {
    return parseFigures((await ask(this.port, "/metrics", WITH_KEY)).body)
  }

  async actors(): Promise<ActorNode> {
    const { body } = await ask(this.port, "/api/actors", WITH_KEY)
    return (JSON.parse(body) as { readonly result: { readonly actors: [ActorNode] } }).result.actors[0]
  }

  /** The actors that watch the workers. */
  async slots(): Promise<ReadonlyArray<ActorNode>> {
    const { children } = await this.actors()
    return children.find(({ name }) => name === "workers")?.children ?? []
  }

  /** Settles when the server counts so many connections: it may hear of an end a moment after the client. */
  async counts(connections: number): Promise<void> {
    const ready = async () => JSON.parse((await ask(this.port, "/ready")).body) as { connections: number }
    while ((await ready()).connections !== connections) await look()
  }

  /** Who holds the connection that comes from this port. */
  owners(): (localPort: number | undefined) => number | undefined {
    const remotePorts = socketsOf(this.port)
    const owners = new Map<number, number>()
    for (const pid of this.workers)
      for (const inode of inodesOf(pid)) {
        const remote = remotePorts.get(inode)
        if (remote !== undefined) owners.set(remote, pid)
      }
    return (localPort) => (localPort === undefined ? undefined : owners.get(localPort))
  }

  /** Which worker each client is connected to. */
  byWorker(clients: ReadonlyArray<Client>): ReadonlyMap<number, ReadonlyArray<Client>> {
    const owner = this.owners()
    const byWorker = new Map<number, Array<Client>>(this.workers.map((pid) => [pid, []]))
    for (const client of clients) byWorker.get(owner(client.raw.localPort) ?? 0)?.push(client)
    return byWorker
  }

  /**
   * Connects at least so many clients, and until each worker has so many of them. On ws they accept from one socket, and who is awake
   * takes more: many at once wake all.
   */
  async spread(atLeast: number, each = 5): Promise<Array<Client>> {
    const clients = await connectMany(this.url, atLeast)
    while ([...this.byWorker(clients).values()].some(({ length }) => length < each))
      clients.push(...(await connectMany(this.url, 10 * each)))
    return clients
  }

  /** One to ask each worker, by its process id. */
  async askers(): Promise<ReadonlyMap<number, Asker["ask"]>> {
    const askers = new Map<number, Asker["ask"]>()
    while (askers.size < this.workers.length) {
      const some = Array.from({ length: 8 }, () => new Asker(this.port))
      await Promise.all(some.map(({ ask }) => ask("/health")))
      const owner = this.owners()
      for (const { ask, localPort } of some) {
        const pid = owner(localPort)
        if (pid !== undefined) askers.set(pid, ask)
      }
    }
    return askers
  }
}

/** The program that publishes what it is told. */
export const EMBEDDED: LaunchOptions = { program: "test/support/server/embedded.mjs", isListening: true }

/** Starts it and waits until it serves. */
export const serveWorkers = async (
  count: number,
  args: ReadonlyArray<string> = [],
  options: LaunchOptions = {}
): Promise<WorkerServer> => {
  const process = launch(["--server.workers", `${count}`, "--server.shards", "2", ...args], options)
  const server = new WorkerServer(process, await process.port())
  const workers = server.workers
  // They end by themselves; should they not, the next test must not meet them.
  onTestFinished(() => {
    for (const pid of workers) if (isWorker(pid)) globalThis.process.kill(pid, "SIGKILL")
  })
  return server
}

/** Its number may be another's by now. */
const isWorker = (pid: number): boolean =>
  isRunning(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("worker.js")
