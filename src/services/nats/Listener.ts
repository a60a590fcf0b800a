/**
 * Messages of NATS as callbacks. What a message makes fail is that message's alone: an exception that left the callback would end the library's
 * reading of the connection, and headers, which anybody may send, throw when they are looked at and are none.
 */
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Where the server tells what a stream has stored (`republish`), in its headers. */
const SEQUENCE = "Nats-Sequence"

/** Characters of what went wrong, which may have some of the message. */
const MAX_SAID = 200

/** The sequence of a message that a stream has stored; 0: it is none. */
export const sequenceOf = ({ headers }: Msg): number => {
  const sequence = Number(headers?.get(SEQUENCE))
  return sequence > 0 ? sequence : 0
}

export class Listener {
  /** Messages since start that failed whoever heard them. */
  unreadable = 0

  /** @param failed told of each of them */
  constructor(
    readonly connection: Pick<NatsConnection, "subscribe">,
    readonly failed: (detail: string) => void
  ) {}

  /** @param heard synchronous */
  readonly listen = (subject: string, heard: (message: Msg) => void): Subscription =>
    this.connection.subscribe(subject, {
      callback: (error, message) => {
        // The library tells of errors (no permission) with its status, too.
        if (error !== null) return
        try {
          heard(message)
        } catch (error) {
          this.unreadable++
          this.failed(`on ${subject}: ${JSON.stringify(String(error).slice(0, MAX_SAID))}`)
        }
      }
    })

  /** Until the scope closes. @param heard synchronous */
  readonly hear = (subject: string, heard: (message: Msg) => void): Effect.Effect<void, never, Scope.Scope> =>
    Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => this.listen(subject, heard)),
        (subscription) => Effect.sync(() => subscription.unsubscribe())
      )
    )
}
