/**
 * Holds work to a share of the time: after each piece, nothing for so many times what it took. Who waits has its turn in the order of asking.
 *
 * What it took is what the process worked meanwhile, so that a machine whose cores are busy with others does not slow it down further.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { isLive, makeNow } from "./now.ts"

/** Of a pause, in what the work before it took: it is 1 % of the time. */
export const PAUSE_FACTOR = 99

export class Pace {
  /** Done when everyone who has asked so far has had its turn. */
  #turns = Deferred.makeUnsafe<void>()
  #freeAt = Number.NEGATIVE_INFINITY

  /**
   * @param now milliseconds, with fractions
   * @param worked milliseconds in which this process worked so far
   */
  constructor(
    readonly now: () => number,
    readonly worked: () => number
  ) {
    Deferred.doneUnsafe(this.#turns, Effect.void)
  }

  /** Does the work when its turn has come. It waits for nobody: what others do in the meantime would count as its own. */
  readonly run = <A>(work: () => A): Effect.Effect<A> =>
    Effect.suspend(() => {
      const before = this.#turns
      const mine = Deferred.makeUnsafe<void>()
      this.#turns = mine
      const pause = Effect.suspend(() => Effect.sleep(Math.max(0, this.#freeAt - this.now())))
      return Deferred.await(before).pipe(
        Effect.andThen(pause),
        Effect.andThen(Effect.sync(() => this.#timed(work))),
        Effect.ensuring(Deferred.succeed(mine, undefined))
      )
    })

  #timed<A>(work: () => A): A {
    const began = this.worked()
    try {
      return work()
    } finally {
      this.#freeAt = this.now() + PAUSE_FACTOR * (this.worked() - began)
    }
  }
}

const cpuTime = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** In the time of a test, all time is work. */
export const makePace = Effect.gen(function* () {
  const now = yield* makeNow
  return new Pace(now, isLive(yield* Clock.clockWith(Effect.succeed)) ? cpuTime : now)
})
