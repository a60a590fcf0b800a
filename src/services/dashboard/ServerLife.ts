/** The life of this server, from its start to its end: what tells the dashboard that counters have begun again. */
import { randomUUID } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Overview } from "../../protocol/dashboard.ts"
import { makeNow } from "../now.ts"

export interface Life {
  /** Another one after each restart. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  state: Overview["state"]
}

export class ServerLife extends Context.Service<ServerLife, Life>()("clarion/services/dashboard/ServerLife") {
  static readonly layer = Layer.effect(
    this,
    Effect.map(makeNow, (now) => ({ id: randomUUID(), startedAt: Math.round(now()), state: "starting" }))
  )
}
