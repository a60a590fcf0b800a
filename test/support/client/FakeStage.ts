/** A run as a scenario sees it, whose connections do what the test says. */
import * as Effect from "effect/Effect"
import { RunMetrics } from "../../../src/client/metrics/RunMetrics.ts"
import type { Order } from "../../../src/client/scenario/Order.ts"
import type { Publisher } from "../../../src/client/scenario/Publisher.ts"
import type { Progress, Stage } from "../../../src/client/scenario/Scenario.ts"
import type { OwnPublications } from "../../../src/protocol/report.ts"
import { makeNow } from "../../../src/services/now.ts"
import { clientConfig, type Settings } from "./ramps.ts"

export class FakeStage {
  readonly metrics = new RunMetrics(0)
  phase: ReturnType<Stage["phase"]> = "ramping"
  readonly orders: Array<{ readonly at: number; readonly order: Order }> = []
  /** Where the scenario said that it is. */
  readonly told: Array<Progress> = []
  /** Rates that were published at, and when. */
  readonly rates: Array<{ readonly at: number; readonly rate: number }> = []
  /** Stamp of the latest publication that was taken. */
  published = 0
  figures: OwnPublications = { published: 0, failed: 0, skipped: 0 }
  /** What the ramps do at an order. */
  onOrder: (order: Order) => void = () => {}
  onRate: (rate: number) => void = () => {}

  /** So many connections are being opened. */
  attempt(count: number): void {
    for (let i = 0; i < count; i++) this.metrics.attempted(0)
  }

  open(count: number, now = 0): void {
    for (let i = 0; i < count; i++) this.metrics.opened(now, 5)
  }

  close(count: number, code = 1006, now = 0): void {
    for (let i = 0; i < count; i++) this.metrics.closed(now, code)
  }

  /** All of a run of this size are open and held. */
  hold(count: number): void {
    this.attempt(count)
    this.open(count)
    this.phase = "holding"
  }

  readonly stage = (settings: Settings): Effect.Effect<Stage> =>
    Effect.map(makeNow, (now) => {
      const config = clientConfig(settings)
      const publisher: Publisher = {
        figures: () => this.figures,
        published: () => this.published,
        finish: Effect.void,
        at: (rate, forMs) =>
          Effect.suspend(() => {
            this.rates.push({ at: now(), rate })
            this.onRate(rate)
            return forMs === undefined ? Effect.never : Effect.sleep(forMs)
          })
      }
      return {
        ...{ config, total: config.total.clients, shares: [config.total.clients], now, publisher },
        tell: (progress) => void this.told.push(progress),
        phase: () => this.phase,
        look: Effect.sync(() => this.metrics.glance()),
        heard: () => this.metrics.broadcast,
        measure: Effect.sync(() => this.metrics.snapshot(now())),
        order: (order) =>
          Effect.sync(() => {
            this.orders.push({ at: now(), order })
            this.onOrder(order)
          })
      }
    })
}
