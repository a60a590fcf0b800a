/** Very much published at once, so that whatever happens then happens in the midst of it. */
import type { Random } from "../Random.ts"
import type { Attempts } from "./Attempts.ts"

const PUBLICATIONS = 120

export class Burst {
  /** Not answered so far; those with keys, not acknowledged. */
  underWay = PUBLICATIONS
  /** The first of it is answered. */
  readonly begun: Promise<unknown>
  /** All of it is. */
  readonly done: Promise<unknown>

  constructor(attempts: ReadonlyArray<Attempts>, channels: ReadonlyArray<string>, random: Random) {
    const publish = async (_: unknown, number: number) => {
      const one = random.pick(attempts)
      await one.publish(random.pick(channels), `${one.by}.${number}`)
      this.underWay--
    }
    const publishing = Array.from({ length: PUBLICATIONS }, publish)
    this.begun = Promise.race(publishing)
    this.done = Promise.all(publishing)
  }
}
