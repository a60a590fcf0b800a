/**
 * Who accepts and holds the connections of this server: the shards of this process, or worker processes with theirs.
 *
 * Guarantee: until `stopAccepting`, connections are accepted on one port, and each is a member of the hub as long as it lives.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { ListenFailed, PlainHandler } from "./Transport.ts"
import type { TransportMissing } from "./transportLayer.ts"

/** A worker process could not begin to serve; exit code 69 of sysexits.h. */
export class WorkerFailed extends Data.TaggedError("WorkerFailed")<{
  readonly worker: string
  readonly detail: string
}> {
  override readonly [Runtime.errorExitCode] = 69

  override get message(): string {
    return `${this.worker} cannot serve: ${this.detail}`
  }
}

/** Hooks are functions of this process, and connections are in others; exit code 78 of sysexits.h. */
export class HooksElsewhere extends Data.TaggedError("HooksElsewhere")<{
  readonly hooks: ReadonlyArray<string>
}> {
  override readonly [Runtime.errorExitCode] = 78

  override get message(): string {
    return `hooks (${this.hooks.join(", ")}) run where the connections are: they need server.workers 0`
  }
}

/** Something that ended for good, after the restarts that it was allowed. */
export interface Failure extends Error {
  readonly _tag: string
}

export interface Served {
  readonly port: number
  readonly transport: "uws" | "ws"
  /** In words: "4 shards". */
  readonly size: string
  /** Takes no new connection from here on; the open ones stay. */
  readonly stopAccepting: Effect.Effect<void>
  /** Closes everyone with 1012, spread over at most `within`, and gives them a moment to answer. */
  readonly drain: (within: Duration.Duration) => Effect.Effect<void>
  /** Fails when serving cannot go on. Never succeeds. */
  readonly failure: Effect.Effect<never, Failure>
}

export class Serving extends Context.Service<
  Serving,
  {
    /** Begins to accept; ends with the scope, at once. Plain HTTP requests are answered by `http`. */
    readonly begin: (
      http: PlainHandler
    ) => Effect.Effect<Served, HooksElsewhere | ListenFailed | TransportMissing | WorkerFailed, Scope.Scope>
  }
>()("clarion/services/Serving") {}
