/** What all sessions of a process share. */
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import type { Tokens } from "../auth/Tokens.ts"
import type { Backend } from "../backend/Backend.ts"
import type { Broker } from "../broker/Broker.ts"
import type { Channels } from "../channels/Channels.ts"
import type { Keepalive } from "../hot/Keepalive.ts"
import type { SlowLog } from "../hot/SlowLog.ts"
import type { Presence } from "../Presence.ts"
import type { AckDesk } from "../receipts/AckDesk.ts"
import type { SessionEvents } from "../SessionEvents.ts"
import type { Interest } from "./Interest.ts"
import type { Missed } from "./Missed.ts"
import type { Registry } from "./Registry.ts"
import type { SessionTimers } from "./SessionTimers.ts"
import type { SessionCounters } from "./sessionSamples.ts"

export interface SessionEnv {
  readonly config: ServerConfigValue
  /** Id of this process among those that hold connections. */
  readonly node: string
  readonly version: string
  readonly broker: Broker["Service"]
  readonly presence: Presence["Service"]
  readonly tokens: Tokens["Service"]
  readonly backend: Backend["Service"]
  readonly channels: Channels["Service"]
  readonly events: SessionEvents["Service"]
  readonly registry: Registry
  readonly counters: SessionCounters
  readonly timers: SessionTimers
  readonly interest: Interest
  /** WebSocket pings, for clients that want those instead of the protocol's. */
  framePings: Keepalive
  /** Clients that take too little of what is sent to them. */
  slow: SlowLog
  /** By the headers of a handshake. */
  readonly isAllowedOrigin: (headers: ReadonlyMap<string, string>) => boolean
  readonly missed: Missed
  /** Where clients may acknowledge receipts. */
  readonly acks: AckDesk | undefined
  /** For what nobody waits for: a failure is logged. */
  readonly forkLogged: <A, E>(what: string, effect: Effect.Effect<A, E>) => void
  /** Begins at once; what it can do without waiting is done when it returns. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}
