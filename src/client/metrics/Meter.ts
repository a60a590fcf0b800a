/**
 * How many events a second, on average and lately. Follows the `Meter` and `EWMA` of the Dropwizard Metrics library
 * (metrics-core 4), so that figures compare with those of clients that use it: exponentially weighted rates over 1, 5
 * and 15 minutes that move every 5 seconds, the first move setting them to the rate of the first 5 seconds.
 */

const TICK_MS = 5_000
const SECONDS_PER_TICK = TICK_MS / 1_000

/** Events per second. */
export interface Rates {
  readonly count: number
  /** Since the meter was made. */
  readonly mean: number
  readonly oneMinute: number
  readonly fiveMinutes: number
  readonly fifteenMinutes: number
}

/** One exponentially weighted rate; `decay` is what is left of it after a tick. */
class WeightedRate {
  perSecond = 0
  private started = false
  private readonly decay: number

  constructor(minutes: number) {
    this.decay = Math.exp(-SECONDS_PER_TICK / 60 / minutes)
  }

  /** One tick with `count` events in it, then `empty` ticks without any. */
  tick(count: number, empty: number): void {
    const instant = count / SECONDS_PER_TICK
    this.perSecond = this.started ? instant + (this.perSecond - instant) * this.decay : instant
    this.started = true
    this.perSecond *= this.decay ** empty
  }
}

export class Meter {
  private total = 0
  private sinceTick = 0
  private lastTick: number
  private readonly startedAt: number
  private readonly one = new WeightedRate(1)
  private readonly five = new WeightedRate(5)
  private readonly fifteen = new WeightedRate(15)

  /** `now` is milliseconds from a source that never goes back, here and below. */
  constructor(now: number) {
    this.startedAt = now
    this.lastTick = now
  }

  mark(now: number, events = 1): void {
    if (now - this.lastTick > TICK_MS) this.tick(now)
    this.total += events
    this.sinceTick += events
  }

  get count(): number {
    return this.total
  }

  rates(now: number): Rates {
    if (now - this.lastTick > TICK_MS) this.tick(now)
    const seconds = (now - this.startedAt) / 1_000
    return {
      count: this.total,
      mean: seconds > 0 ? this.total / seconds : 0,
      oneMinute: this.one.perSecond,
      fiveMinutes: this.five.perSecond,
      fifteenMinutes: this.fifteen.perSecond
    }
  }

  private tick(now: number): void {
    const ticks = Math.floor((now - this.lastTick) / TICK_MS)
    this.lastTick += ticks * TICK_MS
    for (const rate of [this.one, this.five, this.fifteen]) rate.tick(this.sinceTick, ticks - 1)
    this.sinceTick = 0
  }
}

/** The rates of several processes together. */
export const addRates = (all: ReadonlyArray<Rates>): Rates => {
  const sum = (of: (rates: Rates) => number): number => all.reduce((total, rates) => total + of(rates), 0)
  return {
    count: sum((rates) => rates.count),
    mean: sum((rates) => rates.mean),
    oneMinute: sum((rates) => rates.oneMinute),
    fiveMinutes: sum((rates) => rates.fiveMinutes),
    fifteenMinutes: sum((rates) => rates.fifteenMinutes)
  }
}
