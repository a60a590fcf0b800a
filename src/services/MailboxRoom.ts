/**
 * Room in the mailboxes, for publishers that can wait: they lose nothing to a full one, and what is stuck holds nobody up for long.
 */
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { HubMember } from "./Hub.ts"

/**
 * A crowded member that takes nothing through so many looks is stuck: publishers wait for it no more until it was relieved once. Several looks, as
 * the event loop itself may have been held up between two of them.
 */
const LOOKS = 10
const LOOK_INTERVAL = "100 millis"

const THERE_IS = Effect.succeed(true)

export class MailboxRoom {
  /** Those that nobody waits for any more. */
  readonly #stuck = new Set<HubMember>()
  readonly #waiting = new Set<() => void>()
  /** Publications under way that are in no mailbox yet, and will be. */
  #underWay = 0
  /** Members that took from their mailbox since the watch looked last. */
  readonly #relieved = new Set<HubMember>()
  #isWatched = false

  constructor(readonly members: ReadonlySet<HubMember>) {}

  /** Completes when no mailbox is crowded. What is published next has to be in the mailboxes in the same turn of the event loop. */
  readonly room: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#spare() > 0) return Effect.void
    return Effect.flatMap(Effect.context<never>(), (context) =>
      Effect.andThen(this.#turn(context), this.room)
    )
  })

  /** Whether there is within that time. */
  within(time: Duration.Input): Effect.Effect<boolean> {
    return Effect.suspend(() =>
      this.#spare() > 0 ? THERE_IS : Effect.map(Effect.timeoutOption(this.room, time), Option.isSome)
    )
  }

  /** As `room`, for what is in the mailboxes only when it has succeeded: its place there is kept free. */
  holding<A, E, R>(publishing: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const hold = Effect.suspend(() => {
      this.#underWay++
      return Effect.ensuring(publishing, done)
    })
    const done = Effect.sync(() => {
      this.#underWay--
      this.#wake(1)
    })
    return Effect.andThen(this.room, hold)
  }

  /** A member has taken from its mailbox. */
  relieved(member: HubMember): void {
    this.#relieved.add(member)
    if (member.spare !== undefined && member.spare <= 0) return
    this.#stuck.delete(member)
    if (this.#waiting.size > 0) this.#wake(this.#spare())
  }

  /** It takes part no more. */
  left(member: HubMember): void {
    this.#stuck.delete(member)
    if (this.#waiting.size > 0) this.#wake(this.#spare())
  }

  #spare(): number {
    let least = Number.POSITIVE_INFINITY
    for (const member of this.members)
      if (member.spare !== undefined && member.spare < least && !this.#stuck.has(member)) least = member.spare
    return least - this.#underWay
  }

  #wake(count: number): void {
    let left = count
    for (const go of this.#waiting) {
      if (left-- <= 0) return
      this.#waiting.delete(go)
      // Behind what the caller does now, which may be to publish.
      queueMicrotask(go)
    }
  }

  #turn(context: Context.Context<never>): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const go = () => resume(Effect.void)
      // Others may have had the event loop since there was none.
      if (this.#spare() > 0) return go()
      this.#waiting.add(go)
      if (!this.#isWatched) {
        this.#isWatched = true
        Effect.runForkWith(context)(this.#watch)
      }
      return Effect.sync(() => void this.#waiting.delete(go))
    })
  }

  /** While publishers wait: who is crowded and takes nothing for so long is stuck. */
  readonly #watch = Effect.gen({ self: this }, function* () {
    while (true) {
      this.#relieved.clear()
      for (let look = 0; look < LOOKS; look++) {
        yield* Effect.sleep(LOOK_INTERVAL)
        if (this.#waiting.size > 0) continue
        this.#isWatched = false
        return
      }
      for (const member of this.members)
        if (member.spare !== undefined && member.spare <= 0 && !this.#relieved.has(member))
          this.#stuck.add(member)
      this.#wake(this.#spare())
    }
  })
}
