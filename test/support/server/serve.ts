/**
 * A whole server inside the test, on a port that the system gives: built from settings as a configuration file would hold them,
 * with what it logs and which connections it counts as closed to wait for. It ends with the test.
 */
import { Buffer } from "node:buffer"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import { onTestFinished } from "vitest"
import { ShardSupervisor } from "../../../src/actors/ShardSupervisor.ts"
import { resolve } from "../../../src/config/resolve.ts"
import { type ServerConfigValue, serverKeys, serverRules } from "../../../src/config/ServerConfig.ts"
import { fromJson } from "../../../src/config/sources.ts"
import { PushServer } from "../../../src/PushServer.ts"
import { ActorTree } from "../../../src/services/ActorTree.ts"
import type { Broker } from "../../../src/services/broker/Broker.ts"
import type { Control } from "../../../src/services/Control.ts"
import type { Channels } from "../../../src/services/channels/Channels.ts"
import type { Overviews } from "../../../src/services/dashboard/Overviews.ts"
import { Hooks, type HooksShape } from "../../../src/services/Hooks.ts"
import type { Hub } from "../../../src/services/Hub.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import type { Presence } from "../../../src/services/Presence.ts"
import { type BroadcastOptions, Publisher } from "../../../src/services/Publisher.ts"
import { type Receipt, Receipts } from "../../../src/services/receipts/Receipts.ts"
import { type Figures, parseFigures } from "./figures.ts"
import { Heard } from "./Heard.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

export type TransportName = "uws" | "ws"
export type Settings = Readonly<Record<string, unknown>>

export const API_KEY = "the key of the tests"

export interface LogLine {
  readonly level: string
  readonly text: string
}

/** The configuration that a file with these settings gives, keys with dots; quiet, local, on a free port. */
export const configOf = (settings: Settings): ServerConfigValue => {
  const document = {
    "server.ip": "127.0.0.1",
    "server.port": 0,
    "server.shards": 2,
    "auth.apiKey": API_KEY,
    "shutdown.timeout": "200 ms",
    ...settings
  }
  const result = resolve(serverKeys, [fromJson(serverKeys, document, "test")], serverRules)
  if (Result.isFailure(result)) throw result.failure
  return result.success
}

/** Collects what is logged, in the order in which it was. */
export const layerLogs = (logs: Heard<LogLine>) =>
  Logger.layer([
    Logger.make(({ logLevel, message, cause }) => {
      const words = (Array.isArray(message) ? message : [message]).map(String)
      const why = cause.reasons.length === 0 ? [] : [Cause.pretty(cause)]
      logs.add({ level: logLevel, text: [...words, ...why].join(" ") })
    })
  ])

/** The hooks with `onClose` telling `closes` too, after the server has counted the close. */
const listening = (hooks: HooksShape, closes: Heard<number>): HooksShape => ({
  ...hooks,
  onClose: (connection, code) =>
    Effect.andThen(
      hooks.onClose?.(connection, code) ?? Effect.void,
      Effect.sync(() => closes.add(code))
    )
})

/** Starts a server, or rejects with the failure of its start. */
export const serve = async (settings: Settings, hooks: HooksShape = {}): Promise<Served> => {
  const config = configOf({ "store.path": temporaryFolder(), ...settings })
  const logs = new Heard<LogLine>()
  const closes = new Heard<number>()
  const server = PushServer.layer(config)
  // One process serves here, so the layer has shards and sessions too.
  const withShards = server as Layer.Layer<Layer.Success<typeof server> | ShardSupervisor | Control, unknown>
  const layer = withShards.pipe(
    Layer.provide(Layer.succeed(Hooks, listening(hooks, closes))),
    Layer.provideMerge(layerLogs(logs))
  )
  const runtime = ManagedRuntime.make(layer)
  onTestFinished(() => runtime.dispose())
  const exit = await runtime.runPromiseExit(Effect.all([PushServer, ShardSupervisor]))
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  const [pushServer, shards] = exit.value
  return new Served(runtime, pushServer, shards, logs, closes, config)
}

export class Served {
  constructor(
    readonly runtime: ManagedRuntime.ManagedRuntime<
      | PushServer
      | Publisher
      | Receipts
      | ActorTree
      | Metrics
      | ShardSupervisor
      | Broker
      | Channels
      | Control
      | Presence
      | Hub
      | Overviews,
      unknown
    >,
    readonly server: PushServer["Service"],
    readonly shards: ShardSupervisor["Service"],
    readonly logs: Heard<LogLine>,
    /** Close codes in the order in which the server counted them. */
    readonly closes: Heard<number>,
    readonly config: ServerConfigValue
  ) {}

  get port(): number {
    return this.server.port
  }

  get isSecure(): boolean {
    return this.config.server.tls.cert !== undefined
  }

  /** "ws://127.0.0.1:1234/path" */
  url(path = "/"): string {
    return `${this.isSecure ? "wss" : "ws"}://127.0.0.1:${this.port}${path}`
  }

  http(path = "/"): string {
    return `${this.isSecure ? "https" : "http"}://127.0.0.1:${this.port}${path}`
  }

  broadcast(data: string | Uint8Array, options?: BroadcastOptions): Promise<Receipt> {
    return this.runtime.runPromise(
      Effect.flatMap(Publisher, (publisher) => publisher.broadcast(data, options))
    )
  }

  /** How the receipt of this id stands; undefined where there is none. */
  receipt(id: string): Promise<Receipt | undefined> {
    return this.runtime.runPromise(Effect.flatMap(Receipts, (receipts) => receipts.get(id)))
  }

  /** All calls are made at once, in order, before the first is done. */
  broadcastAll(data: ReadonlyArray<string | Uint8Array>): Promise<ReadonlyArray<Receipt>> {
    return this.runtime.runPromise(
      Effect.flatMap(Publisher, (publisher) =>
        Effect.forEach(data, (one) => publisher.broadcast(one), { concurrency: "unbounded" })
      )
    )
  }

  connections(): Promise<number> {
    return this.runtime.runPromise(Effect.flatMap(Publisher, (publisher) => publisher.connections))
  }

  /** Ends a shard's present life, as a bug in it would. */
  crash(shard: number, cause: string): Promise<void> {
    return this.runtime.runPromise(this.shards.actors[shard]!.crash(cause))
  }

  actors() {
    return this.runtime.runPromise(Effect.flatMap(ActorTree, (tree) => tree.snapshot))
  }

  /** What `/metrics` would tell now. */
  async figures(): Promise<Figures> {
    return parseFigures(await this.runtime.runPromise(Effect.flatMap(Metrics, (metrics) => metrics.text)))
  }

  stop(): Promise<void> {
    return this.runtime.dispose()
  }
}

/** Whether a receipt accounts for everyone. */
export const addsUp = ({ eligible, written, dropped, closed }: Receipt): boolean =>
  eligible === written + dropped + closed && Math.min(written, dropped, closed) >= 0

export const bytesOf = (size: number): Uint8Array => Buffer.alloc(size, 120)
