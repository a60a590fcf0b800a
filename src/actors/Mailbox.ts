/**
 * A typed, bounded mailbox whose overflow policy is part of its type.
 *
 * A full mailbox is an answer, not an exception, and each policy has its own: `offer` of a refusing mailbox says whether the
 * message was taken; of a sliding one, which message had to go; of a waiting one, it is an Effect that waits for room.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"

export type Overflow = "refuse" | "slide" | "wait"

/** What `offer` gives, by policy. */
export interface Offer<A> {
  /** False: full, the message was not taken. Synchronous, for callbacks. */
  readonly refuse: (message: A) => boolean
  /** The oldest message, which had to make room; undefined when there was room. Synchronous, for callbacks. */
  readonly slide: (message: A) => A | undefined
  /** Waits for room. False: the mailbox was closed, the message was not taken. */
  readonly wait: (message: A) => Effect.Effect<boolean>
}

export interface Mailbox<A, P extends Overflow> {
  readonly overflow: P
  readonly capacity: number
  readonly offer: Offer<A>[P]
  /** Messages that wait. */
  readonly depth: () => number
  /** Waits for at least one message and takes what is there, at most `max`; `Done` when it is closed and empty. */
  readonly take: (max: number) => Effect.Effect<Array<A>, Cause.Done>
  /** Takes no further message; those that wait can still be taken. */
  readonly close: Effect.Effect<void>
  /** Takes what is there, at most `max`, without waiting. */
  readonly takeUnsafe: (max: number) => Array<A>
}

const offers = <A>(queue: Queue.Queue<A, Cause.Done>, isClosed: () => boolean): Offer<A> => ({
  refuse: (message) => Queue.offerUnsafe(queue, message),
  slide: (message) => {
    // A closed mailbox takes nothing, so nothing has to make room.
    const oldest = Queue.isFullUnsafe(queue) && !isClosed() ? Queue.takeUnsafe(queue) : undefined
    Queue.offerUnsafe(queue, message)
    return oldest !== undefined && oldest._tag === "Success" ? oldest.value : undefined
  },
  wait: (message) => Queue.offer(queue, message)
})

export const make = <A, P extends Overflow>(overflow: P, capacity: number): Effect.Effect<Mailbox<A, P>> =>
  Effect.map(
    overflow === "refuse" ? Queue.dropping<A, Cause.Done>(capacity) : Queue.bounded<A, Cause.Done>(capacity),
    (queue): Mailbox<A, P> => {
      let isClosed = false
      return {
        overflow,
        capacity,
        offer: offers(queue, () => isClosed)[overflow],
        depth: () => Queue.sizeUnsafe(queue),
        take: (max) => Queue.takeBetween(queue, 1, max),
        close: Effect.suspend(() => {
          isClosed = true
          return Effect.asVoid(Queue.end(queue))
        }),
        takeUnsafe: (max) => takeUnsafe(queue, max)
      }
    }
  )

const takeUnsafe = <A>(queue: Queue.Queue<A, Cause.Done>, max: number): Array<A> => {
  const taken: Array<A> = []
  while (taken.length < max) {
    const next = Queue.takeUnsafe(queue)
    if (next?._tag !== "Success") break
    taken.push(next.value)
  }
  return taken
}
