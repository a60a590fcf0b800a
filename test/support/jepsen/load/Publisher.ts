/** Publishes one publication after the other. */
import type { Random } from "../Random.ts"
import { type Attempts, pause } from "./Attempts.ts"

/** Between two publications of one publisher: a rate, not a wait for anything. */
const PACE_MS = 15

export class Publisher {
  #isStopping = false
  readonly #done: Promise<void>

  constructor(
    readonly attempts: Attempts,
    readonly channels: ReadonlyArray<string>,
    readonly random: Random
  ) {
    this.#done = this.#run()
  }

  /** Completes when what it began is answered. */
  stop(): Promise<void> {
    this.#isStopping = true
    return this.#done
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#isStopping; number++) {
      await this.attempts.publish(this.random.pick(this.channels), `${this.attempts.by}.${number}`)
      await pause(PACE_MS)
    }
  }
}
