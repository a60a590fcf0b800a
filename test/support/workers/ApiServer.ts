/**
 * A server of workers with conf/centrifuge.json, and its server API as an application uses it: each request may land in another worker, unless
 * the API has a port of its own.
 */
import { Sdk } from "../centrifuge/sdk.ts"
import { look } from "../processes/running.ts"
import { ask } from "../server/ask.ts"
import type { LaunchOptions } from "../server/ServerProcess.ts"
import { serveWorkers, WITH_KEY, type WorkerServer } from "../server/workers.ts"

/** A worker as /api/info tells of it. */
export interface Node {
  readonly uid: string
  readonly name: string
  readonly num_clients: number
  readonly num_users: number
  readonly num_subs: number
}

export class ApiServer {
  constructor(readonly server: WorkerServer) {}

  get port(): number {
    return this.server.port
  }

  /** The primary's own, with `--admin.port 0`. */
  get apiPort(): number {
    const line = this.server.process.lines.all.find((text) => text.startsWith("serving on"))
    return Number(/API on http:\/\/127.0.0.1:(\d+)$/.exec(line ?? "")?.[1] ?? this.port)
  }

  /** The result of a method; rejects with its error. */
  async api<A>(method: string, params: object = {}): Promise<A> {
    const body = JSON.stringify(params)
    const answer = await ask(this.apiPort, `/api/${method}`, { ...WITH_KEY, method: "POST", body })
    const { result } = JSON.parse(answer.body) as { readonly result?: A }
    if (result === undefined) throw new Error(`${method}: ${answer.status} ${answer.body}`)
    return result
  }

  async publish(channel: string, data: unknown): Promise<void> {
    await this.api("publish", { channel, data })
  }

  async nodes(): Promise<ReadonlyArray<Node>> {
    return (await this.api<{ readonly nodes: ReadonlyArray<Node> }>("info")).nodes
  }

  /** Settles when the workers hold so many clients together. */
  async clients(count: number): Promise<void> {
    const now = async () => (await this.nodes()).reduce((sum, { num_clients }) => sum + num_clients, 0)
    while ((await now()) !== count) await look()
  }

  /** Subscribers by channel. */
  async channels(): Promise<Readonly<Record<string, number>>> {
    interface Channels {
      readonly channels: Readonly<Record<string, { readonly num_clients: number }>>
    }
    const { channels } = await this.api<Channels>("channels")
    return Object.fromEntries(Object.entries(channels).map(([name, { num_clients }]) => [name, num_clients]))
  }

  /** Settles when these clients are there and nobody else. */
  async present(channel: string, clients: ReadonlyArray<string>): Promise<void> {
    const wanted = JSON.stringify([...clients].sort())
    const now = async () => {
      const { presence } = await this.api<{ readonly presence: object }>("presence", { channel })
      return JSON.stringify(Object.keys(presence).sort())
    }
    while ((await now()) !== wanted) await look()
  }

  /** One client for each worker, in the order of the workers. */
  async sdkEach(make: () => Sdk = () => new Sdk(this.port)): Promise<ReadonlyArray<Sdk>> {
    const found = new Map<number, Sdk>()
    const { workers } = this.server
    while (found.size < workers.length) {
      const some = await Promise.all(Array.from({ length: 8 }, () => make().connect()))
      const ownerOf = this.server.owners()
      for (const sdk of some) {
        const worker = ownerOf(sdk.localPort)
        if (worker === undefined || found.has(worker)) sdk.client.disconnect()
        else found.set(worker, sdk)
      }
    }
    return workers.map((worker) => found.get(worker)!)
  }
}

export const serveApi = async (
  count: number,
  args: ReadonlyArray<string> = [],
  options: LaunchOptions = {}
): Promise<ApiServer> =>
  new ApiServer(await serveWorkers(count, ["--config", "conf/centrifuge.json", ...args], options))
