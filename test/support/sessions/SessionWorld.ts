/** All sessions of a process with real services, and without sockets: on a clock of the test, or, for speed, on the machine's. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../../src/config/ServerConfig.ts"
import * as JwtTokens from "../../../src/services/auth/JwtTokens.ts"
import { Tokens } from "../../../src/services/auth/Tokens.ts"
import { BackendHooks, type BackendHooksShape } from "../../../src/services/backend/Backend.ts"
import { layerBackend } from "../../../src/services/backend/backendLayer.ts"
import { Broker, type PublishOptions } from "../../../src/services/broker/Broker.ts"
import { makeEmbedded } from "../../../src/services/broker/EmbeddedBroker.ts"
import { Channels, isErrorCode } from "../../../src/services/channels/Channels.ts"
import { streamOptions } from "../../../src/services/channels/streams.ts"
import { Emulation } from "../../../src/services/Emulation.ts"
import { Hub } from "../../../src/services/Hub.ts"
import * as MemoryPresence from "../../../src/services/MemoryPresence.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { Presence } from "../../../src/services/Presence.ts"
import { type SessionEvent, SessionEvents } from "../../../src/services/SessionEvents.ts"
import { Sessions } from "../../../src/services/sessions/Sessions.ts"
import * as MemoryStore from "../../../src/services/store/MemoryStore.ts"
import { configWith } from "../configurations.ts"
import { FakeClient } from "./FakeClient.ts"
import { FakeHome } from "./FakeHome.ts"

export interface WorldOptions {
  /** Keys with dots, over those of `open`. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly hooks?: BackendHooksShape
  /** In place of tokens of the configuration. */
  readonly tokens?: Tokens["Service"]
  /** In place of the memory broker, made from it. */
  readonly broker?: (memory: Broker["Service"]) => Broker["Service"]
}

/** Everyone may do everything; all channels have history, and what else there is. */
const open = {
  "client.insecure": true,
  "client.allowedOrigins": ["*"],
  "client.token.hmacSecretKey": "secret",
  "channels.withoutNamespace": {
    presence: true,
    joinLeave: true,
    forcePushJoinLeave: true,
    historySize: 10,
    historyTtl: "1 hour",
    forceRecovery: true,
    allowedDeltaTypes: ["fossil"],
    allowTagsFilter: true
  },
  ...Object.fromEntries(
    ["sse", "httpStream", "uniWebsocket", "uniSse", "uniHttpStream"].map((name) => [`${name}.enabled`, true])
  )
}

const layer = (
  { settings = {}, hooks = {}, tokens, broker = (memory) => memory }: WorldOptions,
  told: Array<SessionEvent>
) =>
  Sessions.layer.pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        Layer.effect(
          Broker,
          Effect.flatMap(Hub, ({ publish }) =>
            Effect.map(makeEmbedded(publish), (made) => broker(made.broker))
          )
        ),
        Channels.layer,
        tokens === undefined ? JwtTokens.layer : Layer.succeed(Tokens, tokens),
        layerBackend,
        Emulation.layerAlone,
        MemoryPresence.layerMemory,
        Layer.succeed(SessionEvents, { tell: (event) => void told.push(event), wants: () => true })
      )
    ),
    Layer.provideMerge(Layer.mergeAll(Hub.layer, Metrics.layer, MemoryStore.layerMemory)),
    Layer.provideMerge(Layer.succeed(ServerConfig, configWith({ ...open, ...settings } as never))),
    Layer.provide(Layer.succeed(BackendHooks, hooks))
  )

type Services = Layer.Success<ReturnType<typeof layer>>

/** Lives as long as the scope. */
export const makeWorld = (options: WorldOptions = {}) =>
  Effect.suspend(() => {
    const told: Array<SessionEvent> = []
    return Effect.map(Layer.build(layer(options, told)), (context) => new SessionWorld(context, told))
  })

export class SessionWorld {
  readonly sessions: Sessions["Service"]
  readonly home: FakeHome
  /** Of `SessionEvents`. */
  readonly told: ReadonlyArray<SessionEvent>

  constructor(
    readonly context: Context.Context<Services>,
    told: ReadonlyArray<SessionEvent>
  ) {
    this.sessions = Context.get(context, Sessions)
    this.home = new FakeHome(Context.get(context, Hub))
    this.told = told
  }

  get presence(): Presence["Service"] {
    return Context.get(this.context, Presence)
  }

  get broker(): Broker["Service"] {
    return Context.get(this.context, Broker)
  }

  /** A WebSocket on a path of the protocol. */
  open(url = "/connection/websocket", headers: Readonly<Record<string, string>> = {}): FakeClient {
    const route = this.sessions.upgrades.get(url.replace(/\?.*/, "")) ?? this.sessions.upgradeWithChannels!
    const acceptance = route({ url, headers: new Map(Object.entries(headers)), address: "127.0.0.1" })
    if ("refusal" in acceptance) throw new Error(acceptance.refusal.message)
    const client = new FakeClient()
    acceptance.opening.open(client, this.home)
    return client
  }

  /** One that has connected. */
  connect(request: object = {}): FakeClient {
    const client = this.open()
    client.say({ id: 1, connect: request })
    return client
  }

  /** As the server API does; it reaches subscribers with `home.send`. */
  publish(channel: string, data: unknown, options: Omit<PublishOptions, "stream"> = {}) {
    const found = Context.get(this.context, Channels).optionsOf(channel)
    if (isErrorCode(found)) throw new Error(found.message)
    return this.broker.publish(channel, Buffer.from(JSON.stringify(data)), {
      stream: streamOptions(found),
      ...options
    })
  }
}
