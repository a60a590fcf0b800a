/** Runs the hooks of an embedding program: callbacks of sockets come in, Effects run, one after the other. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Queue from "effect/Queue"
import type { ServerConfigValue } from "../config/ServerConfig.ts"
import { Hooks, type Refused } from "../services/Hooks.ts"
import type { Refusal } from "../services/hot/Admission.ts"
import type { Connection } from "../services/hot/Connection.ts"
import { forkLongLived } from "../services/longLived.ts"
import type { ConnectRequest, Decision } from "../services/Transport.ts"

export interface HookRunner {
  readonly decide: ((request: ConnectRequest) => Promise<Decision>) | undefined
  /** Copies the bytes. */
  readonly message: ((connection: Connection, data: Uint8Array, isBinary: boolean) => void) | undefined
  readonly closed: ((connection: Connection, code: number) => void) | undefined
  /** Messages that found the queue full, since start. */
  readonly dropped: () => number
}

const refusal = ({ status, message }: Refused): Decision => ({
  refusal: { status, reason: "hook", message }
})
const UNAVAILABLE = refusal({ status: 503, message: "the server could not decide about this connection" })
const PENDING: { readonly refusal: Refusal } = {
  refusal: {
    status: 503,
    reason: "pending",
    message: "too many handshakes are being decided",
    retryAfterSeconds: 1
  }
}

export const makeHookRunner = Effect.fnUntraced(function* ({ limits }: ServerConfigValue) {
  const { onConnect, onMessage, onClose } = yield* Hooks
  const events = yield* Queue.unbounded<Effect.Effect<void, unknown>>()
  let waiting = 0
  let dropped = 0

  const run = (event: Effect.Effect<void, unknown>) =>
    event.pipe(
      Effect.timeoutOrElse({
        duration: limits.hookTimeout,
        orElse: () => Effect.logWarning("a hook did not end in time")
      }),
      Effect.catchCause((cause) => Effect.logError("a hook failed", cause))
    )
  if (onMessage !== undefined || onClose !== undefined) {
    yield* forkLongLived("hooks", Effect.forever(Effect.flatMap(Queue.take(events), run)))
  }

  const decide = (hook: NonNullable<typeof onConnect>, fork: Fork) => {
    let pending = 0
    return (request: ConnectRequest): Promise<Decision> => {
      if (pending >= limits.pendingHandshakes) return Promise.resolve(PENDING)
      pending++
      const decision = Effect.suspend(() => hook(request)).pipe(
        Effect.map((attachment): Decision => ({ attachment })),
        Effect.catchCause((cause) => {
          const refused = Cause.findErrorOption(cause)
          return refused._tag === "Some"
            ? Effect.succeed(refusal(refused.value))
            : Effect.as(Effect.logError("onConnect failed", cause), UNAVAILABLE)
        }),
        Effect.timeoutOrElse({
          duration: limits.handshakeTimeout,
          orElse: () => Effect.as(Effect.logWarning("onConnect did not answer in time"), UNAVAILABLE)
        })
      )
      return new Promise((resolve) => {
        fork(decision).addObserver((exit) => {
          pending--
          resolve(exit._tag === "Success" ? exit.value : UNAVAILABLE)
        })
      })
    }
  }
  const fork = yield* FiberSet.makeRuntime<never>()
  type Fork = typeof fork

  const runner: HookRunner = {
    decide: onConnect === undefined ? undefined : decide(onConnect, fork),
    message:
      onMessage === undefined
        ? undefined
        : (connection, data, isBinary) => {
            if (waiting >= limits.hookQueue) {
              dropped++
              return
            }
            waiting++
            const copy = Uint8Array.from(data)
            const event = Effect.suspend(() => {
              waiting--
              return onMessage(connection, copy, isBinary)
            })
            Queue.offerUnsafe(events, event)
          },
    closed:
      onClose === undefined
        ? undefined
        : (connection, code) => {
            Queue.offerUnsafe(
              events,
              Effect.suspend(() => onClose(connection, code))
            )
          },
    dropped: () => dropped
  }
  return runner
})
