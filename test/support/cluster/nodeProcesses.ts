/** Nodes as processes of their own, joined by the NATS servers of a test. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { expect, onTestFinished } from "vitest"
import { hs256 } from "../jwt.ts"
import { type NatsServer, startNats } from "../nats/NatsServer.ts"
import { ask } from "../server/ask.ts"
import { API_KEY, launch, type ServerProcess } from "../server/ServerProcess.ts"

/** A server that ends with the test. */
export const natsForTest = (): Promise<NatsServer> => {
  const scope = Effect.runSync(Scope.make())
  onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return Effect.runPromise(Scope.provide(startNats(), scope))
}

const SECRET = "the secret of tokens"

/** With what a client of this user connects. */
export const tokenOf = (user: string): string => hs256(SECRET, { sub: user })

const OPTIONS = [
  ...["--channels.withoutNamespace.presence", "true"],
  ...["--channels.withoutNamespace.allowSubscribeForClient", "true"],
  ...["--client.token.hmacSecretKey", SECRET, "--httpStream.enabled", "true"],
  ...["--receipts.acknowledgement", "true"]
]

export class NodeProcess {
  private constructor(
    readonly name: string,
    readonly server: ServerProcess,
    readonly port: number
  ) {}

  /** One that serves. */
  static async start(
    name: string,
    nats: Pick<NatsServer, "url">,
    options: ReadonlyArray<string> = []
  ): Promise<NodeProcess> {
    const server = launch([
      ...["--broker.type", "nats", "--broker.nats.servers", nats.url, "--node.name", name],
      ...["--broker.nats.reconnectWait", "20 ms", "--broker.nats.reconnectJitter", "0 ms"],
      ...OPTIONS,
      ...options
    ])
    return new NodeProcess(name, server, await server.port())
  }

  /** Settles when it knows the node, or knows it no more. */
  async sees(name: string, isThere = true): Promise<void> {
    const line = `node ${name} ${isThere ? "is there" : "is gone"}`
    await this.server.lines.first((text) => text.startsWith(line))
  }

  /** The result of a method of the server API. */
  // biome-ignore lint/suspicious/noExplicitAny: each method has a result of its own
  async api(method: string, body: object = {}): Promise<any> {
    const answer = await this.#ask(`/api/${method}`, "POST", JSON.stringify(body))
    const { result, error } = JSON.parse(answer.body)
    expect(error).toBeUndefined()
    return result
  }

  async error(
    method: string,
    body: object = {}
  ): Promise<{ readonly code: number; readonly message: string }> {
    return JSON.parse((await this.#ask(`/api/${method}`, "POST", JSON.stringify(body))).body).error
  }

  // biome-ignore lint/suspicious/noExplicitAny: whatever is there
  async get(path: string): Promise<any> {
    return JSON.parse((await this.#ask(path, "GET")).body)
  }

  #ask(path: string, method: string, body?: string) {
    const headers = { "x-api-key": API_KEY, "content-type": "application/json" }
    return ask(this.port, path, { method, headers, ...(body === undefined ? {} : { body }) })
  }
}

/** Nodes that know each other: "a", "b", … */
export const startNodeProcesses = async (
  count: number,
  nats: Pick<NatsServer, "url">,
  options: ReadonlyArray<string> = []
): Promise<ReadonlyArray<NodeProcess>> => {
  const names = ["a", "b", "c"].slice(0, count)
  const nodes = await Promise.all(names.map((name) => NodeProcess.start(name, nats, options)))
  await Promise.all(
    nodes.flatMap((node) => names.filter((name) => name !== node.name).map((name) => node.sees(name)))
  )
  return nodes
}
