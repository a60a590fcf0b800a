/**
 * Round trips to the server: what was published before one began has been taken when it is back. A server that hangs answers none, and the library waits
 * for it as long as the connection stands; so one timer ends those that take too long.
 */
import * as Effect from "effect/Effect"

interface RoundTrip {
  readonly until: number
  readonly back: Promise<void>
  readonly fail: (error: Error) => void
}

export interface Flushing {
  /** Why nothing can be sent now; undefined: it can. */
  readonly down: () => Error | undefined
  readonly flush: () => Promise<void>
  readonly timeoutMs: number
  readonly now: () => number
  /** Runs a fiber as long as there is a connection. */
  readonly fork: (effect: Effect.Effect<void>) => unknown
}

export class Flushes {
  #underWay: RoundTrip | undefined
  #next: Promise<void> | undefined
  #isTimed = false

  constructor(readonly over: Flushing) {}

  /** One that has left does not cover what is published now: who comes meanwhile shares the next one. */
  readonly flushed = (): Promise<void> => {
    const error = this.over.down()
    if (error !== undefined) return Promise.reject(error)
    if (this.#underWay === undefined) return this.#begin()
    this.#next ??= this.#underWay.back
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.#begin()
      })
    return this.#next
  }

  #begin(): Promise<void> {
    const { flush, now, timeoutMs } = this.over
    let fail: RoundTrip["fail"] = () => {}
    const back = new Promise<void>((resolve, reject) => {
      fail = reject
      flush().then(resolve, reject)
    }).finally(() => {
      if (this.#underWay === own) this.#underWay = undefined
    })
    const own: RoundTrip = { until: now() + timeoutMs, back, fail }
    this.#underWay = own
    if (!this.#isTimed) this.#time()
    return back
  }

  #time(): void {
    this.over.fork(
      Effect.whileLoop({
        while: () => {
          this.#isTimed = this.#underWay !== undefined
          return this.#isTimed
        },
        body: () => Effect.sleep(Math.max(0, (this.#underWay?.until ?? 0) - this.over.now())),
        step: () => this.#endLate()
      })
    )
  }

  #endLate(): void {
    const late = this.#underWay
    if (late === undefined || late.until > this.over.now()) return
    this.#underWay = undefined
    late.fail(new Error("timeout"))
  }
}
