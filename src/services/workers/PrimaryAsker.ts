/**
 * In a worker: asks the primary, which has the broker and presence of all workers, one message for each turn of the
 * event loop.
 *
 * Guarantees: the primary begins what is asked and told in the order of the calls. Whoever asks is answered: by the
 * primary, or with `BrokerUnavailable`: at once where too much waits already or the link is gone, else when the time
 * limit has passed. What timed out may have happened all the same.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { makeNow } from "../now.ts"
import type { FromWorker } from "./messages.ts"
import { Outbox } from "./Outbox.ts"
import { sizeOf } from "./questionSize.ts"
import type { Answer, AnswerTo, Asked, Question } from "./questions.ts"

/** Questions without an answer: about three for each connection of a process, as when all come back at once. */
export const MAX_UNANSWERED = 65_536
/** Bytes of theirs; a single question may have more. */
export const MAX_UNANSWERED_BYTES = 64 * 1_048_576
/** As long as SDKs wait for the reply to a command. */
export const ANSWER_TIMEOUT = Duration.seconds(5)

interface Waiting {
  /** When it has waited long enough, in ms since the epoch. */
  readonly until: number
  readonly bytes: number
  readonly settle: (answer: Effect.Effect<Answer, BrokerUnavailable>) => void
}

const unavailable = (detail: string): Effect.Effect<never, BrokerUnavailable> =>
  Effect.fail(new BrokerUnavailable({ detail }))

type Fork = (effect: Effect.Effect<void>) => unknown

export class PrimaryAsker {
  /** Oldest first. */
  readonly #waiting = new Map<number, Waiting>()
  /**
   * Bytes of questions that nobody waits for any more; they count until they are answered, or a primary that is stuck
   * would be told more and more.
   */
  readonly #late = new Map<number, number>()
  /** Questions of this turn that others may share, by what they ask. */
  readonly #shared = new Map<string, Deferred.Deferred<Answer, BrokerUnavailable>>()
  #bytes = 0
  #next = 0
  #isWatching = false
  /** Why nobody is asked any more. */
  #gone: string | undefined
  readonly #outbox: Outbox<Question>

  constructor(
    send: (message: FromWorker) => void,
    readonly fork: Fork,
    /** Milliseconds since the epoch. */
    readonly now: () => number
  ) {
    this.#outbox = new Outbox((questions) => {
      this.#shared.clear()
      send({ _tag: "Ask", questions })
    })
  }

  /** Questions without an answer. */
  get unanswered(): number {
    return this.#waiting.size + this.#late.size
  }

  ask<const A extends Asked>(asked: A): Effect.Effect<AnswerTo<A["_tag"]>, BrokerUnavailable> {
    return Effect.callback((resume) => {
      this.#ask(asked, (answer) => resume(answer as Effect.Effect<AnswerTo<A["_tag"]>, BrokerUnavailable>))
    })
  }

  /**
   * The same for what only reads: who asks it in the same words while it has not left the process shares the answer. It
   * is read after all of them have asked.
   */
  askTogether<const A extends Asked>(asked: A): Effect.Effect<AnswerTo<A["_tag"]>, BrokerUnavailable> {
    return Effect.suspend(() => {
      const words = JSON.stringify(asked)
      let answer = this.#shared.get(words)
      if (answer === undefined) {
        const asking = Deferred.makeUnsafe<Answer, BrokerUnavailable>()
        // Whoever asked first may leave; the others have their answer all the same.
        if (this.#ask(asked, (said) => Deferred.doneUnsafe(asking, said))) this.#shared.set(words, asking)
        answer = asking
      }
      return Deferred.await(answer) as Effect.Effect<AnswerTo<A["_tag"]>, BrokerUnavailable>
    })
  }

  /** Tells, without an answer and whatever else waits. At most one for each channel that was subscribed to. */
  unsubscribe(channel: string): void {
    if (this.#gone === undefined) this.#outbox.add({ _tag: "Unsubscribe", channel })
  }

  answered(answers: ReadonlyArray<Answer>): void {
    for (const answer of answers) {
      const { id } = answer
      const waiting = this.#waiting.get(id)
      this.#bytes -= waiting?.bytes ?? this.#late.get(id) ?? 0
      this.#waiting.delete(id)
      this.#late.delete(id)
      waiting?.settle(answer._tag === "Unavailable" ? unavailable(answer.detail) : Effect.succeed(answer))
    }
  }

  /** The link is lost: nobody will answer. */
  lose(detail: string): void {
    this.#gone = detail
    for (const { settle } of this.#waiting.values()) settle(unavailable(detail))
    this.#waiting.clear()
    this.#late.clear()
    this.#bytes = 0
  }

  /** Why a question of this size cannot be asked now. */
  #refusal(bytes: number): string | undefined {
    if (this.#gone !== undefined) return this.#gone
    if (this.unanswered >= MAX_UNANSWERED) return `${MAX_UNANSWERED} questions to the primary wait already`
    if (this.#bytes > 0 && this.#bytes + bytes > MAX_UNANSWERED_BYTES)
      return `questions of ${this.#bytes} bytes to the primary wait already`
    return undefined
  }

  /** False where it is not asked, and settled already. */
  #ask(asked: Asked, settle: Waiting["settle"]): boolean {
    const bytes = sizeOf(asked)
    const refusal = this.#refusal(bytes)
    if (refusal !== undefined) {
      settle(unavailable(refusal))
      return false
    }
    const id = this.#next++
    this.#bytes += bytes
    this.#waiting.set(id, { until: this.now() + Duration.toMillis(ANSWER_TIMEOUT), bytes, settle })
    this.#outbox.add({ ...asked, id } as Question)
    if (!this.#isWatching) {
      this.#isWatching = true
      this.fork(this.#watch())
    }
    return true
  }

  /** One timer for all: it sleeps until the oldest has waited long enough, as long as there is one. */
  readonly #watch = Effect.fnUntraced(function* (this: PrimaryAsker) {
    for (let oldest = this.#oldest; oldest !== undefined; oldest = this.#oldest) {
      const [id, { until, settle }] = oldest
      const left = until - this.now()
      if (left > 0) yield* Effect.sleep(left)
      else {
        this.#waiting.delete(id)
        this.#late.set(id, oldest[1].bytes)
        settle(unavailable("the primary has not answered in time"))
      }
    }
    this.#isWatching = false
  })

  get #oldest(): readonly [number, Waiting] | undefined {
    return this.#waiting.entries().next().value
  }
}

/** Ends with the scope. */
export const makePrimaryAsker = Effect.fnUntraced(function* (send: (message: FromWorker) => void) {
  const fork = yield* FiberSet.makeRuntime<never>()
  return new PrimaryAsker(send, fork, yield* makeNow)
})
