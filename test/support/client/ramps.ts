/** Ramps in the test's own process and time: their configuration, and metrics that tell of each event. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { RampSupervisor } from "../../../src/actors/RampSupervisor.ts"
import { EndedConnections } from "../../../src/client/EndedConnections.ts"
import { RunMetrics } from "../../../src/client/metrics/RunMetrics.ts"
import type { SocketErrorKind } from "../../../src/client/SocketError.ts"
import type { ResolvedTarget } from "../../../src/client/target.ts"
import { type ClientConfigValue, clientKeys } from "../../../src/config/ClientConfig.ts"
import { resolve } from "../../../src/config/resolve.ts"
import { fromJson } from "../../../src/config/sources.ts"
import { ActorTree } from "../../../src/services/ActorTree.ts"
import { CapturedLogs } from "../CapturedLogs.ts"
import { Heard } from "../server/Heard.ts"

export type Settings = Readonly<Record<string, unknown>>

/** The configuration of a file with these settings, keys with dots; throws where they are wrong. */
export const clientConfig = (settings: Settings = {}): ClientConfigValue =>
  Result.getOrThrow(resolve(clientKeys, [fromJson(clientKeys, settings, "test")]))

/** Metrics that tell of each event when it is counted. */
export class HeardMetrics extends RunMetrics {
  /** "open", "back", "closed 1000", "failed reset", "message" */
  readonly events = new Heard<string>()

  override opened(now: number, setupMs: number, isBack = false): void {
    super.opened(now, setupMs, isBack)
    this.events.add(isBack ? "back" : "open")
  }

  override closed(now: number, code: number): void {
    super.closed(now, code)
    this.events.add(`closed ${code}`)
  }

  override failed(now: number, kind: SocketErrorKind, wasOpen: boolean): void {
    super.failed(now, kind, wasOpen)
    this.events.add(`failed ${kind}`)
  }

  override heard(now: number, payload: Uint8Array, openedAt: number): void {
    super.heard(now, payload, openedAt)
    this.events.add("message")
  }

  /** Completes when this has happened so often. */
  readonly happened = (event: string, count = 1): Effect.Effect<void> =>
    Effect.promise(() =>
      this.events.until((all) => all.filter((each) => each === event).length >= count)
    ).pipe(Effect.asVoid)

  get connectionCounts() {
    return this.snapshot(0).connections
  }
}

export const targetAt = (port: number, secure = false): ResolvedTarget => ({
  secure,
  hostname: "127.0.0.1",
  address: "127.0.0.1",
  host: `127.0.0.1:${port}`,
  port,
  path: "/"
})

/** Ramps towards a port, and all that can be seen of them. */
export const ramps = (
  target: ResolvedTarget,
  settings: Settings = {},
  localAddresses: ReadonlyArray<string> = ["127.0.1.1"]
) => {
  const metrics = new HeardMetrics(0)
  const ended = new EndedConnections()
  const logs = new CapturedLogs()
  const config = clientConfig(settings)
  const shares = localAddresses.map((localAddress) => ({
    localAddress,
    clients: config.total.clients,
    batchSize: config.setup.batchSize
  }))
  const layer = RampSupervisor.layer({ config, shares, target, metrics, ended }).pipe(
    Layer.provideMerge(Layer.merge(ActorTree.layer, logs.layer))
  )
  return { metrics, ended, logs, layer }
}

/** Lets the events of sockets that are due happen, without any time going by on the test's clock. */
export const socketsTurn: Effect.Effect<void> = Effect.promise(async () => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
})
