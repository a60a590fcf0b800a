/**
 * One reading of a stream for many parts of the logs in it. Who comes while it is under way takes what is still to come of their part: that much of the
 * stream is not read again for them.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { BrokerUnavailable } from "../Broker.ts"
import type { ChannelLogs } from "./ChannelLogs.ts"
import { lengthOf } from "./LogPart.ts"
import type { Waiting } from "./Lot.ts"
import { Pile } from "./Pile.ts"

/** Of its length at the beginning, by who joins. */
const MOST_GROWTH = 0.5

interface Filled {
  readonly waiting: Waiting
  readonly pile: Pile
  /** It came when the reading was under way. */
  readonly hasJoined: boolean
}

export class Sweep {
  /** What is not yet whole, by subject. */
  readonly #left = new Map<string, Array<Filled>>()
  /** Before the first sequence that is wanted. */
  readonly after: number
  /** Behind it nothing belongs to any of them. */
  #last = 0
  /** Nobody joins with more than this: else it would go on for as long as somebody comes, and the others wait for its end. */
  readonly #mostLast: number
  /** Where it is. */
  #at: number

  constructor(
    readonly logs: ChannelLogs,
    all: ReadonlyArray<Waiting>
  ) {
    this.after = all.reduce((least, { part }) => Math.min(least, part.after.seq), Number.POSITIVE_INFINITY)
    this.#at = this.after
    for (const waiting of all) this.#add(waiting, false)
    this.#mostLast = this.#last + MOST_GROWTH * (this.#last - this.after)
  }

  get last(): number {
    return this.#last
  }

  /** Takes of a part what is still to come. The answer is the part before that, which is to be read otherwise; undefined: there is none. */
  join(waiting: Waiting): Waiting | undefined {
    const { part, found } = waiting
    const at = this.#at
    if (part.last.seq <= at || part.last.seq > this.#mostLast) return waiting
    if (part.after.seq >= at) {
      this.#add(waiting, true)
      return undefined
    }
    const { channel, after, last } = part
    const [before, behind] = [makeFound(), makeFound()]
    this.#add({ part: { channel, after: { ...after, seq: at }, last }, found: behind }, true)
    const both = Effect.all([Deferred.await(before), Deferred.await(behind)], { concurrency: 2 })
    Deferred.doneUnsafe(
      found,
      Effect.map(both, (messages) => messages.flat())
    )
    const end = { seq: at, record: undefined }
    return { part: { channel, after, last: end, length: lengthOf(part) }, found: before }
  }

  offer(seq: number, subject: string, data: Uint8Array): void {
    this.#at = seq
    const here = this.#left.get(subject)
    if (here === undefined) return
    let wholes = 0
    for (const one of here) if (this.#fill(one, seq, data)) wholes++
    if (wholes === here.length) this.#left.delete(subject)
    else if (wholes > 0)
      this.#left.set(
        subject,
        here.filter(({ waiting: { part } }) => part.last.seq > seq)
      )
  }

  /**
   * Those that are not whole have what was found: the rest is gone. But those that joined may have come when the reading was over, as it turned out: they are
   * the answer, and still to be read.
   */
  end(exit: Exit.Exit<void, BrokerUnavailable>): ReadonlyArray<Waiting> {
    const left = [...this.#left.values()].flat()
    this.#left.clear()
    const isToBeRead = ({ hasJoined }: Filled) => hasJoined && Exit.isSuccess(exit)
    for (const one of left)
      if (!isToBeRead(one))
        Deferred.doneUnsafe(
          one.waiting.found,
          Exit.map(exit, () => one.pile.read(this.logs))
        )
    return left.filter(isToBeRead).map(({ waiting }) => waiting)
  }

  #add(waiting: Waiting, hasJoined: boolean): void {
    const { channel, last } = waiting.part
    this.#last = Math.max(this.#last, last.seq)
    const subject = this.logs.subjectOf(channel)
    const here = this.#left.get(subject) ?? []
    here.push({ waiting, pile: new Pile(), hasJoined })
    this.#left.set(subject, here)
  }

  /** Whether it is whole. */
  #fill(one: Filled, seq: number, data: Uint8Array): boolean {
    const { part, found } = one.waiting
    if (seq > part.after.seq && seq <= part.last.seq) one.pile.add(seq, data)
    if (seq < part.last.seq) return false
    Deferred.doneUnsafe(found, Effect.succeed(one.pile.read(this.logs)))
    return true
  }
}

const makeFound = (): Waiting["found"] => Deferred.makeUnsafe()
