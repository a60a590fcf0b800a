import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import { Broker } from "../../../../src/services/broker/Broker.ts"
import { layerEmbedded, makeEmbedded } from "../../../../src/services/broker/EmbeddedBroker.ts"
import { ENTRY_BYTES } from "../../../../src/services/history/Stream.ts"
import type { ChannelEvent } from "../../../../src/services/hot/ChannelEvent.ts"
import { Metrics } from "../../../../src/services/Metrics.ts"
import { inMemory } from "../../../support/store/stores.ts"

const stream = { size: 10, ttlMs: 1000, metaTtlMs: 5000 }
const data = new Uint8Array(100)

describe("the sweep", () => {
  it.effect("runs every minute, and all of it when there is much", () =>
    Effect.gen(function* () {
      const { broker, figures } = yield* makeEmbedded(() => {})
      for (let channel = 0; channel < 5000; channel++) {
        yield* broker.publish(`c${channel}`, data, { stream, idempotencyKey: "k" })
      }
      expect(figures.memory).toMatchObject({ streams: 5000, entries: 5000, idempotencyKeys: 5000 })
      yield* TestClock.adjust("1 minute")
      while (figures.memory.streams > 0) yield* Effect.yieldNow
      expect(figures.memory).toMatchObject({ entries: 0, historyBytes: 0, idempotencyKeys: 5000 })
      yield* TestClock.adjust("10 minutes")
      expect(figures.memory.idempotencyKeys).toBe(0)
    }).pipe(Effect.provide(inMemory))
  )
})

describe("the layer", () => {
  it.effect("serves, and is among the metrics", () => {
    const events: Array<ChannelEvent> = []
    const layer = layerEmbedded((event) => events.push(event)).pipe(
      Layer.provideMerge(Layer.mergeAll(Metrics.layer, inMemory))
    )
    return Effect.gen(function* () {
      const broker = yield* Broker
      yield* broker.publish("news", data, { stream, version: 2, idempotencyKey: "k" })
      yield* broker.publish("news", data, { stream, version: 1 })
      yield* broker.publish("now", data, { stream: undefined })
      expect(events.length).toBe(2)
      const samples = yield* (yield* Metrics).samples
      expect(Object.fromEntries(samples.map(({ name, value }) => [name, value]))).toEqual({
        clarion_publications_total: 2,
        clarion_publications_suppressed_total: 1,
        clarion_streams: 1,
        clarion_history_publications: 1,
        clarion_history_bytes: data.length + ENTRY_BYTES,
        clarion_idempotency_keys: 1,
        clarion_history_evictions_total: 0,
        clarion_durable_streams: 0,
        clarion_durable_cached_publications: 0,
        clarion_durable_cached_bytes: 0,
        clarion_durable_waiting: 0,
        clarion_durable_commits_total: 0,
        clarion_durable_commit_failures_total: 0
      })
    }).pipe(Effect.provide(layer))
  })
})
