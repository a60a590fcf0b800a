/**
 * Publishes into streams. All that have history go this way, so it is made for that: one subscription hears what streams answer, and one timer ends
 * what is not answered. The client library makes promises, a timer and an error that nobody sees for each request, which cost a node several times
 * what all the rest of it does.
 *
 * Guarantees: `done` is called once for each message, and never before `publish` has returned: at once while the connection is down and when it is
 * lost, otherwise with the answer, or after the timeout. One that throws is logged, and keeps no other from being called.
 */
import { type ApiError, JetStreamApiError, PubHeaders } from "@nats-io/jetstream"
import {
  createInbox,
  type Msg,
  MsgHdrsImpl,
  type NatsConnection,
  type PermissionViolationError,
  type Subscription
} from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import type { Listener } from "./Listener.ts"

/** What became of a message. */
export type PublishOutcome =
  /** `isRepeated`: one with its id was there before, and stands there. */
  | { readonly _tag: "stored"; readonly seq: number; readonly isRepeated: boolean }
  /** Its stream did not take it. */
  | { readonly _tag: "refused"; readonly error: JetStreamApiError }
  /** There is no stream for it, or no server leads it now. */
  | { readonly _tag: "nowhere" }
  /** It may have been stored, except where there was no connection. */
  | { readonly _tag: "unknown"; readonly error: BrokerUnavailable }

export interface PublishConditions {
  /** Refused where the last message of the subject has another sequence; 0: where there is one. */
  readonly expected: number
  /** Stored once within the `duplicate_window` of its stream. */
  readonly id?: string | undefined
}

interface Pending {
  readonly subject: string
  readonly until: number
  readonly done: (outcome: PublishOutcome) => void
}

interface Ack {
  readonly error?: ApiError
  readonly seq?: unknown
  readonly duplicate?: unknown
}

const NO_RESPONDERS = 503

const NOWHERE: PublishOutcome = { _tag: "nowhere" }

const unknown = (detail: string): PublishOutcome => ({
  _tag: "unknown",
  error: new BrokerUnavailable({ detail: `the publication was not acknowledged: ${detail}` })
})

const headersOf = ({ expected, id }: PublishConditions) => {
  const headers: Record<string, Array<string>> = {
    [PubHeaders.ExpectedLastSubjectSequenceHdr]: [String(expected)]
  }
  if (id !== undefined) headers[PubHeaders.MsgIdHdr] = [id]
  return MsgHdrsImpl.fromRecord(headers)
}

const outcomeOf = (message: Msg): PublishOutcome => {
  try {
    if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) return NOWHERE
    const { error, seq, duplicate } = message.json<Ack>()
    if (error !== undefined) return { _tag: "refused", error: new JetStreamApiError(error) }
    if (typeof seq === "number") return { _tag: "stored", seq, isRepeated: duplicate === true }
  } catch {
    // No JSON, null, or headers that are none: anybody may answer.
  }
  return unknown("its answer cannot be read")
}

/** What it publishes over. */
export interface StreamPublishing {
  readonly connection: NatsConnection
  readonly listen: Listener["listen"]
  readonly timeoutMs: number
  readonly now: () => number
  /** Why nothing can be sent now; undefined: it can. */
  readonly down: () => BrokerUnavailable | undefined
  /** Runs a fiber as long as there is a connection. */
  readonly fork: (effect: Effect.Effect<void>) => unknown
  /** Told of what a `done` has thrown. */
  readonly failed: (detail: string) => void
}

export class StreamPublisher {
  readonly #inbox = `${createInbox()}.`
  readonly #answers = `${this.#inbox}*`
  #subscription: Subscription | undefined
  #number = 0
  /** By the last token of the subject where the answer is to come. All wait equally long: the first one is over first. */
  readonly #pending = new Map<string, Pending>()
  #isTimed = false

  constructor(readonly over: StreamPublishing) {}

  publish(
    subject: string,
    bytes: Uint8Array,
    conditions: PublishConditions,
    done: (outcome: PublishOutcome) => void
  ): void {
    const { connection, timeoutMs, now } = this.over
    const error = this.over.down()
    if (error !== undefined) return queueMicrotask(() => this.#tell(done, { _tag: "unknown", error }))
    const token = (++this.#number).toString(36)
    try {
      this.#subscription ??= this.over.listen(this.#answers, (message) => this.#answered(message))
      connection.publish(subject, bytes, { reply: this.#inbox + token, headers: headersOf(conditions) })
    } catch (error) {
      // It is closed, or the server takes less in a message than it did.
      return queueMicrotask(() => this.#tell(done, unknown((error as Error).message)))
    }
    this.#pending.set(token, { subject, until: now() + timeoutMs, done })
    if (!this.#isTimed) this.#time()
  }

  /** What is under way is not waited for any more. @param subject what is published there; undefined: all */
  fail(detail: string, subject?: string): void {
    // Who is told may publish again.
    for (const [token, pending] of [...this.#pending])
      if (subject === undefined || pending.subject === subject) this.#end(token, pending, unknown(detail))
  }

  /** Nobody answers what may not be published, and nobody hears answers that may not be heard. */
  denied({ operation, subject, message }: PermissionViolationError): void {
    if (operation === "publish") return this.fail(message, subject)
    if (subject !== this.#answers) return
    this.#subscription = undefined
    this.fail(message)
  }

  close(): void {
    if (this.#subscription?.isClosed() === false) this.#subscription.unsubscribe()
    this.fail("the service ends")
  }

  #answered(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length)
    const pending = this.#pending.get(token)
    if (pending !== undefined) this.#end(token, pending, outcomeOf(message))
  }

  #end(token: string, { done }: Pending, outcome: PublishOutcome): void {
    // Who was told before may have ended this one, too.
    if (this.#pending.delete(token)) this.#tell(done, outcome)
  }

  /** What it threw would end the timer, or leave those behind it without a word. */
  #tell(done: Pending["done"], outcome: PublishOutcome): void {
    try {
      done(outcome)
    } catch (error) {
      this.over.failed(String(error))
    }
  }

  #time(): void {
    this.over.fork(
      Effect.whileLoop({
        while: () => {
          this.#isTimed = this.#pending.size > 0
          return this.#isTimed
        },
        body: () => Effect.sleep(this.#untilFirst()),
        step: () => this.#endLate()
      })
    )
  }

  #untilFirst(): number {
    const [first] = this.#pending.values()
    return first === undefined ? 0 : Math.max(0, first.until - this.over.now())
  }

  #endLate(): void {
    const now = this.over.now()
    for (const [token, pending] of this.#pending) {
      if (pending.until > now) return
      this.#end(token, pending, unknown("timeout"))
    }
  }
}
