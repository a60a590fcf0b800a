/** Which publications get spans, and how many, over a broker that does what it is told. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { expect } from "vitest"
import { Broker, BrokerUnavailable, type PublishOptions } from "../../../../src/services/broker/Broker.ts"
import { Delivery } from "../../../../src/services/hot/Publication.ts"
import { OpenSpan, type OtlpSpan } from "../../../../src/services/tracing/OpenSpan.ts"
import { PublicationTracer } from "../../../../src/services/tracing/PublicationTracer.ts"
import { tracedBroker } from "../../../../src/services/tracing/tracedBroker.ts"
import { configWith } from "../../../support/configurations.ts"

type Publish = Broker["Service"]["publish"]

const TAKEN: Publish = () => Effect.succeed({ offset: 0, epoch: "", isSuppressed: false })
const NO_HISTORY: PublishOptions = { stream: undefined }
const DATA = Buffer.from("hello")

const world = (ratio: number, publish: Publish = TAKEN) => {
  const broker = Broker.of({ publish } as Broker["Service"])
  const spans: Array<OtlpSpan> = []
  let now = 1e12
  const tracer = new PublicationTracer({
    ratio,
    syntax: configWith().channels,
    now: () => now++,
    emit: (span) => void spans.push(span)
  })
  return { broker, spans, tracer, traced: tracedBroker(broker, tracer) }
}

const namesOf = (spans: ReadonlyArray<OtlpSpan>) => spans.map(({ name }) => name)

describe("a broker", () => {
  it("is itself where nothing is traced", () => {
    const { broker } = world(1)
    expect(tracedBroker(broker, undefined)).toBe(broker)
  })

  it.effect("gets what it would get without traces where a publication is not sampled", () => {
    const asked: Array<PublishOptions> = []
    const { traced, spans } = world(0, (_, __, options) => {
      asked.push(options)
      return TAKEN("", DATA, options)
    })
    return Effect.gen(function* () {
      yield* traced.publish("a", DATA, NO_HISTORY)
      expect(asked[0]).toBe(NO_HISTORY)
      expect(spans).toEqual([])
    })
  })

  it.effect("samples as many as the ratio says, and each with all of its parts", () => {
    const { traced, spans } = world(0.25, (_, __, { delivery }) => {
      delivery?.expect(1)
      delivery?.add(2, 1, 1, 1e12, 1e12, "shard-0")
      return TAKEN("", DATA, NO_HISTORY)
    })
    return Effect.gen(function* () {
      for (let i = 0; i < 4000; i++) yield* traced.publish("a", DATA, NO_HISTORY)
      const traces = new Set(spans.map(({ traceId }) => traceId))
      // 1000 on average, with a standard deviation of 27.
      expect(traces.size).toBeGreaterThan(800)
      expect(traces.size).toBeLessThan(1200)
      expect(spans.length).toBe(3 * traces.size)
    })
  })

  it.effect("that fails, or dies, is told in the span", () => {
    let result: ReturnType<Publish> = Effect.fail(new BrokerUnavailable({ detail: "x".repeat(1000) }))
    const { traced, spans } = world(1, () => result)
    return Effect.gen(function* () {
      yield* Effect.exit(traced.publish("a", DATA, NO_HISTORY))
      result = Effect.die(new Error("a bug"))
      yield* Effect.exit(traced.publish("a", DATA, NO_HISTORY))
      result = Effect.interrupt
      yield* Effect.exit(traced.publish("a", DATA, NO_HISTORY))
      expect(spans.map(({ status }) => status.code)).toEqual([2, 2, 2])
      expect(spans.map(({ attributes }) => attributes.at(-1))).toEqual(
        ["BrokerUnavailable", "Die", "Interrupt"].map((stringValue) => ({
          key: "error.type",
          value: { stringValue }
        }))
      )
      expect(spans[0]!.status.message).toHaveLength(200)
      expect(spans[1]!.status.message).toContain("a bug")
    })
  })

  it.effect("keeps the delivery that it is given, with one fan-out however often it is asked", () => {
    const { traced, spans } = world(1)
    const delivery = new Delivery()
    return Effect.gen(function* () {
      yield* traced.publish("a", DATA, { ...NO_HISTORY, delivery })
      const { watch } = delivery
      yield* traced.publish("a", DATA, { ...NO_HISTORY, delivery })
      expect(delivery.watch).toBe(watch)
      delivery.expect(1)
      delivery.add(1, 1, 0, 1e12 + 0.25, 1e12 + 0.5, "shard-3")
      expect(namesOf(spans)).toEqual([
        "publish {channel}",
        "publish {channel}",
        "fan-out shard",
        "fan-out {channel}"
      ])
      const [first, , shard, fanOut] = spans
      expect(fanOut!.parentSpanId).toBe(first!.spanId)
      expect(shard!.parentSpanId).toBe(fanOut!.spanId)
      expect([shard!.startTimeUnixNano, shard!.endTimeUnixNano]).toEqual([
        "1000000000000250000",
        "1000000000000500000"
      ])
    })
  })

  it.effect("tells workers, their shards, and who wrote nothing", () => {
    const { traced, spans } = world(1)
    const delivery = new Delivery()
    const none = { firstWriteAt: Number.NaN, lastWriteAt: Number.NaN }
    const shard = {
      shard: "shard-1",
      eligible: 3,
      written: 2,
      slow: 1,
      mailbox: 0,
      firstWriteAt: 1e12,
      lastWriteAt: 2e12
    }
    return Effect.gen(function* () {
      yield* traced.publish("broadcast", DATA, { ...NO_HISTORY, delivery })
      delivery.expect(2)
      delivery.watch!.handed()
      delivery.addWorker({
        worker: "worker-0",
        eligible: 3,
        written: 2,
        slow: 1,
        mailbox: 0,
        firstWriteAt: 1e12,
        lastWriteAt: 2e12,
        shards: [shard]
      })
      delivery.addWorker({ worker: "worker-1", eligible: 4, written: 0, slow: 0, mailbox: 4, ...none })
      const [, inShard, first, second, whole] = spans
      expect(namesOf(spans)).toEqual([
        "publish broadcast",
        "fan-out shard",
        "fan-out worker",
        "fan-out worker",
        "fan-out broadcast"
      ])
      expect(inShard!.parentSpanId).toBe(first!.spanId)
      expect([first!.parentSpanId, second!.parentSpanId]).toEqual([whole!.spanId, whole!.spanId])
      expect(second!.startTimeUnixNano).toBe(second!.endTimeUnixNano)
      expect(second!.events).toEqual([])
      expect(whole!.attributes).toContainEqual({ key: "clarion.delivery.dropped", value: { intValue: 5 } })
    })
  })

  it.effect("is not asked by more than a hundred traced publications of one span", () => {
    const { traced, spans, tracer } = world(0)
    const above = new OpenSpan("a".repeat(32), undefined, "above", "server", 1e12, {})
    const publish = Effect.provideService(traced.publish("a", DATA, NO_HISTORY), Tracer.ParentSpan, above)
    return Effect.gen(function* () {
      for (let i = 0; i < 105; i++) yield* publish
      expect(spans.length).toBe(100)
      expect(above.publications).toBe(105)
      expect(tracer.now()).toBeGreaterThan(1e12)
    })
  })
})
