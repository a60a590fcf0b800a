/** The server API over fakes: asked as a transport would ask it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Settings } from "../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import { ApiKey } from "../../../src/services/ApiKey.ts"
import { Access } from "../../../src/services/admin/Access.ts"
import { type RpcMethod, RpcMethods } from "../../../src/services/api/RpcMethods.ts"
import { ServerApi } from "../../../src/services/api/ServerApi.ts"
import { Broker } from "../../../src/services/broker/Broker.ts"
import { Control } from "../../../src/services/Control.ts"
import { Channels } from "../../../src/services/channels/Channels.ts"
import { Hub } from "../../../src/services/Hub.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { Presence } from "../../../src/services/Presence.ts"
import { Receipts } from "../../../src/services/receipts/Receipts.ts"
import * as StoredReceipts from "../../../src/services/receipts/StoredReceipts.ts"
import { layerMemory } from "../../../src/services/store/MemoryStore.ts"
import type { PlainAnswer, PlainRequest } from "../../../src/services/Transport.ts"
import { CapturedLogs } from "../CapturedLogs.ts"
import { configWith } from "../configurations.ts"
import { FakeBroker, FakeControl, FakePresence } from "./fakes.ts"

export const KEY = "the key of the tests"
const WITH_KEY = new Map([["x-api-key", KEY]])

/** Channels without a namespace have nothing; those of `kept` history and presence; the others one format each. */
const CHANNELS = {
  namespaces: [
    { name: "kept", historySize: 10, historyTtl: "1 minute", historyMetaTtl: "1 hour", presence: true },
    { name: "deltas", deltaPublish: true, historySize: 1, historyTtl: 1000 },
    { name: "json", publicationDataFormat: "json" },
    { name: "objects", publicationDataFormat: "json_object" },
    { name: "bytes", publicationDataFormat: "binary" }
  ]
}

interface Asked {
  readonly method?: string
  readonly headers?: ReadonlyMap<string, string>
  readonly query?: string
}

export class ApiFixture {
  readonly broker = new FakeBroker()
  readonly presence = new FakePresence()
  readonly control = new FakeControl()
  readonly logs = new CapturedLogs()
  readonly api: ServerApi["Service"]
  readonly receipts: Receipts["Service"]
  readonly #metrics: Metrics["Service"]

  constructor(settings: Settings<ServerConfigValue> = {}, rpc: Readonly<Record<string, RpcMethod>> = {}) {
    const config = configWith({
      auth: { apiKey: KEY },
      channels: CHANNELS,
      ...settings
    } as Settings<ServerConfigValue>)
    const fakes = Layer.mergeAll(
      Layer.succeed(Broker, this.broker.service),
      Layer.succeed(Presence, this.presence.service),
      Layer.succeed(Control, this.control.service),
      Layer.succeed(RpcMethods, new Map(Object.entries(rpc)))
    )
    const layer = ServerApi.layer.pipe(
      Layer.provide(Layer.mergeAll(fakes, Channels.layer)),
      Layer.provide(Layer.provide(Access.layer, ApiKey.layer)),
      Layer.provideMerge(
        StoredReceipts.layer.pipe(Layer.provide(Hub.layer), Layer.provideMerge(layerMemory))
      ),
      Layer.provideMerge(Metrics.layer),
      Layer.provide(Layer.succeed(ServerConfig, config)),
      Layer.provideMerge(this.logs.layer)
    )
    const services = Effect.runSync(Layer.buildWithScope(layer, Scope.makeUnsafe()))
    this.api = Context.get(services, ServerApi)
    this.receipts = Context.get(services, Receipts)
    this.#metrics = Context.get(services, Metrics)
  }

  /** What the API counts now, by metric and label: "clarion_api_commands_total publish". */
  get figures(): Readonly<Record<string, number>> {
    const samples = Effect.runSync(this.#metrics.samples)
    return Object.fromEntries(
      samples
        .filter(({ name }) => name.startsWith("clarion_api_"))
        .map(({ name, labels = {}, value }) => [[name, ...Object.values(labels)].join(" "), value])
    )
  }

  /** Asks with this body, which is JSON unless it is text or bytes. */
  ask(path: string, body: unknown, asked: Asked = {}): Promise<PlainAnswer> | PlainAnswer {
    const bytes = body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(textOf(body))
    const request: PlainRequest = {
      method: "POST",
      path,
      query: "",
      headers: WITH_KEY,
      body: bytes,
      address: "127.0.0.1",
      ...asked
    }
    return this.api.handle(request)
  }

  /** The JSON of a 200. */
  async json(path: string, body: unknown): Promise<unknown> {
    const answer = await this.ask(path, body)
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
    return JSON.parse(String(answer.body))
  }

  /** The error code of an answer with status 200; undefined where it is none. */
  async code(path: string, body: unknown): Promise<number | undefined> {
    const answer = (await this.json(path, body)) as { readonly error?: { readonly code: number } }
    return answer.error?.code
  }
}

const textOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body))
