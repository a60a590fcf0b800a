/** What nodes do together over a real NATS server, and what they do when it is away. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import {
  BrokerUnavailable,
  PublicationTooLarge,
  type PublishOptions
} from "../../../src/services/broker/Broker.ts"
import type { ChannelEvent } from "../../../src/services/hot/ChannelEvent.ts"
import { Delivery, type DeliveryReceipt } from "../../../src/services/hot/Publication.ts"
import type { ReceiptNotice } from "../../../src/services/receipts/receiptNotice.ts"
import { badHeaders } from "../../support/nats/badHeaders.ts"
import { NatsProxy } from "../../support/nats/NatsProxy.ts"
import { type NatsServer, noNatsServer, startNats } from "../../support/nats/NatsServer.ts"
import { type NatsNode, natsNode } from "../../support/nats/natsBroker.ts"
import { untilUp } from "../../support/nats/untilUp.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const STREAM = { size: 1000, ttlMs: 60_000, metaTtlMs: 120_000 }
const bytesOf = (text: string) => new TextEncoder().encode(text)
const numbersTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

const isUnavailable = (error: unknown) => error instanceof BrokerUnavailable

const publish = (
  { broker }: Pick<NatsNode, "broker">,
  text: string,
  options: Partial<PublishOptions> = {},
  channel = "news"
) => broker.publish(channel, bytesOf(text), { stream: STREAM, ...options })

const offsetsOf = (events: ReadonlyArray<ChannelEvent>) => events.map(({ publication }) => publication.offset)

/** Where hundreds publish or ask at once, on a machine that may be busy. */
const PATIENT = { prefix: "t", requestTimeout: "20 seconds" } as const

/** Two nodes that hear "news", the second one behind a way that can be cut. */
const twoNodes = Effect.gen(function* () {
  const server = yield* startNats()
  const proxy = yield* NatsProxy.before(server)
  const one = yield* natsNode([server], { prefix: "t" })
  const cut = yield* natsNode([proxy], { prefix: "t" })
  for (const { broker } of [one, cut]) yield* broker.subscribe("news")
  return { server, proxy, one, cut }
})

const without = Effect.fnUntraced(function* (proxy: NatsProxy, node: NatsNode) {
  proxy.cut()
  yield* untilUp(node.link, false)
})

const restored = Effect.fnUntraced(function* (proxy: NatsProxy, node: NatsNode) {
  proxy.restore()
  yield* untilUp(node.link, true)
})

describe.skipIf(noNatsServer !== undefined)(`nodes over NATS ${noNatsServer ?? ""}`, () => {
  it("what a node missed while it was cut off comes before anything later, also where nothing follows", () =>
    run(
      Effect.gen(function* () {
        const { proxy, one, cut } = yield* twoNodes
        yield* publish(one, "before")
        yield* cut.received.wait("news", 1)
        yield* without(proxy, cut)
        for (const number of numbersTo(20)) yield* publish(one, String(number))
        yield* restored(proxy, cut)
        expect(offsetsOf(yield* cut.received.wait("news", 21))).toEqual(numbersTo(21))
        yield* without(proxy, cut)
        for (const number of numbersTo(20)) yield* publish(one, String(number))
        yield* restored(proxy, cut)
        const publishing = yield* Effect.forkChild(
          Effect.forEach(numbersTo(20), (number) => publish(one, String(number)))
        )
        expect(offsetsOf(yield* cut.received.wait("news", 61))).toEqual(numbersTo(61))
        yield* Fiber.join(publishing)
        expect(cut.figures.ears.syncs).toBeGreaterThan(1)
      })
    ))

  it("a channel that had no publication when the node was cut off is caught up, too", () =>
    run(
      Effect.gen(function* () {
        const { proxy, one, cut } = yield* twoNodes
        yield* without(proxy, cut)
        for (const text of ["a", "b"]) yield* publish(one, text)
        yield* restored(proxy, cut)
        expect(offsetsOf(yield* cut.received.wait("news", 2))).toEqual([1, 2])
      })
    ))

  it("what was removed meanwhile leaves a gap, and what is published then follows", () =>
    run(
      Effect.gen(function* () {
        const { proxy, one, cut } = yield* twoNodes
        yield* publish(one, "1")
        yield* cut.received.wait("news", 1)
        yield* without(proxy, cut)
        for (const text of ["2", "3"]) yield* publish(one, text)
        yield* one.broker.removeHistory("news")
        yield* publish(one, "4")
        yield* restored(proxy, cut)
        expect(offsetsOf(yield* cut.received.wait("news", 2))).toEqual([1, 4])
      })
    ))

  it.each(["file", "memory"] as const)(
    "a server that was killed comes back: histories in its %s go on, or begin anew, and nodes with them",
    (storage) =>
      run(
        Effect.gen(function* () {
          const server = yield* startNats()
          const nodes = [
            yield* natsNode([server], { prefix: "t", storage }),
            yield* natsNode([server], { prefix: "t", storage })
          ] as const
          const [one, other] = nodes
          for (const { broker } of nodes) yield* broker.subscribe("news")
          const before = yield* publish(one, "before")
          // It could be killed between storing and sending, and in memory nothing of it would be left.
          for (const { received } of nodes) yield* received.wait("news", 1)
          yield* Effect.promise(() => server.kill())
          for (const { link } of nodes) yield* untilUp(link, false)
          expect(yield* Effect.flip(publish(one, "lost"))).toBeInstanceOf(BrokerUnavailable)
          yield* Effect.promise(() => server.start())
          for (const { link } of nodes) yield* untilUp(link, true)
          const after = yield* publish(one, "after").pipe(
            // Until its stream is there again, or is made anew.
            Effect.retry({ schedule: Schedule.spaced("20 millis"), while: isUnavailable })
          )
          if (storage === "file") expect(after).toMatchObject({ offset: 2, epoch: before.epoch })
          else {
            expect(after.offset).toBe(1)
            expect(after.epoch).not.toBe(before.epoch)
          }
          for (const { received } of nodes) {
            const [, event] = yield* received.wait("news", 2)
            expect([event!.publication.offset, event!.epoch]).toEqual([after.offset, after.epoch])
          }
          expect(yield* other.broker.history("news", { limit: 0 }, STREAM)).toMatchObject(
            storage === "file" ? { offset: 2 } : { offset: 1, epoch: after.epoch }
          )
        })
      )
  )

  it("three nodes that publish into one channel without a break all get on, and none is refused", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const nodes = yield* Effect.forEach(numbersTo(3), () => natsNode([server], PATIENT))
        const each = 300
        const done = nodes.map(() => 0)
        const leastWhenFirstDone: Array<number> = []
        yield* Effect.forEach(
          nodes,
          (node, at) =>
            Effect.forEach(
              numbersTo(each),
              () =>
                Effect.map(publish(node, "x"), () => {
                  done[at]!++
                  if (done[at] === each) leastWhenFirstDone.push(Math.min(...done))
                }),
              { concurrency: 4, discard: true }
            ),
          { concurrency: "unbounded" }
        )
        const { offset } = yield* nodes[0]!.broker.history("news", { limit: 0 }, STREAM)
        expect(offset).toBe(3 * each)
        expect(leastWhenFirstDone[0]).toBeGreaterThan(each / 20)
        expect(nodes.reduce((sum, { figures }) => sum + figures.logs.overtaken, 0)).toBeGreaterThan(0)
      })
    ))

  it("a node that is far from NATS can publish where one that is near publishes without a break", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const near = yield* natsNode([server], { prefix: "t" })
        const far = yield* natsNode([yield* NatsProxy.before(server, 10)], { prefix: "t" })
        const busy = yield* Effect.forkChild(
          Effect.all(
            numbersTo(4).map(() => Effect.forever(publish(near, "near"))),
            { concurrency: "unbounded" }
          )
        )
        for (const number of numbersTo(10)) yield* publish(far, String(number))
        expect(busy.pollUnsafe()).toBeUndefined()
        expect(near.figures.turns.asked).toBeGreaterThan(0)
        yield* Fiber.interrupt(busy)
      })
    ))

  it("while one message is under way what else is published in the channel waits, and goes as one", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const proxy = yield* NatsProxy.before(server)
        const node = yield* natsNode([proxy], PATIENT)
        yield* node.broker.subscribe("news")
        // It is under way until all have come.
        proxy.hold()
        const publishing = yield* Effect.forEach(numbersTo(200), (number) =>
          Effect.forkChild(publish(node, String(number)), { startImmediately: true })
        )
        proxy.release()
        const published = yield* Fiber.joinAll(publishing)
        expect(offsetsOf(published.map((publication) => ({ publication })) as never)).toEqual(numbersTo(200))
        expect(offsetsOf(yield* node.received.wait("news", 200))).toEqual(numbersTo(200))
        expect(node.figures.writer.messages).toBe(2)
      })
    ))

  it("5,000 that recover at once cost NATS a few readings, and get the same publications", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const proxy = yield* NatsProxy.before(server)
        const [one, other] = [yield* natsNode([server], { prefix: "t" }), yield* natsNode([proxy], PATIENT)]
        for (const number of numbersTo(300)) yield* publish(one, String(number))
        yield* other.broker.subscribe("news")
        const { epoch } = yield* other.broker.history("news", { limit: 0 }, STREAM)
        const before = other.figures.logs.reads
        // However long that takes on a busy machine, nobody is answered before all have asked.
        proxy.hold()
        const reading = yield* Effect.forEach(numbersTo(5000), (reader) =>
          Effect.forkChild(
            other.broker.history("news", { limit: -1, since: { offset: reader % 299, epoch } }, STREAM),
            { startImmediately: true }
          )
        )
        proxy.release()
        const found = yield* Fiber.joinAll(reading)
        for (const [at, { publications }] of found.entries()) {
          expect(publications[0]?.offset).toBe(((at + 1) % 299) + 1)
          expect(publications.at(-1)).toBe(found[0]!.publications.at(-1))
        }
        expect(other.figures.logs.reads - before).toBeLessThan(10)
        // What is published now is read where it was heard.
        yield* publish(one, "301")
        yield* other.received.wait("news", 1)
        const again = other.figures.logs.reads
        const { publications } = yield* other.broker.history("news", { limit: -1 }, STREAM)
        expect(offsetsOf(publications.map((publication) => ({ publication })) as never)).toEqual(
          numbersTo(301)
        )
        // Where the log stands, and perhaps a look of the node.
        expect(other.figures.logs.reads - again).toBeLessThanOrEqual(3)
      })
    ))

  it("what counts no more does not stay at NATS", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const node = yield* natsNode([server], { prefix: "t" })
        const stream = { ...STREAM, size: 3 }
        for (let turn = 0; turn < 40; turn++)
          yield* Effect.forEach(numbersTo(100), () => publish(node, "x", { stream }), {
            concurrency: "unbounded"
          })
        const messages = Effect.promise(async () => {
          const name = node.link.subjects.historyStream("")
          return (await node.link.manager.streams.info(name)).state.messages
        })
        expect(node.figures.writer.messages).toBeGreaterThan(39)
        while ((yield* messages) > 30) yield* Effect.sleep(20)
        expect((yield* node.broker.history("news", { limit: -1 }, stream)).publications.length).toBe(3)
        yield* node.broker.removeHistory("news")
        while ((yield* messages) > 1) yield* Effect.sleep(20)
      })
    ))

  it("the delivery of a publication is that of its node; another node is asked what becomes of a receipt's part", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const until = Date.now() + 3_600_000
        const asked: Array<readonly [ReceiptNotice, string]> = []
        const foreign = (receipt: ReceiptNotice, node: string) => {
          asked.push([receipt, node])
          return new Delivery()
        }
        const one = yield* natsNode([server], { prefix: "t" })
        const other = yield* natsNode([server], { prefix: "t", foreign })
        for (const { broker } of [one, other]) yield* broker.subscribe("news")
        class Counted extends Delivery {
          override get receipt(): DeliveryReceipt {
            return { id: "r", acknowledgeUntil: until }
          }
        }
        const deliveries = [new Counted(), new Counted()]
        yield* publish(one, "a", { delivery: deliveries[0] })
        yield* publish(one, "b", { delivery: deliveries[1], stream: undefined })
        expect((yield* one.received.wait("news", 2)).map(({ delivery }) => delivery)).toEqual(deliveries)
        yield* other.received.wait("news", 2)
        // Whatever its clock shows, another node is told how much time is left.
        const acknowledging = { life: until, within: expect.closeTo(until - Date.now(), -5) }
        expect(asked).toEqual([1, 2].map(() => [{ id: "r", acknowledging }, one.link.uid]))
        // Nobody here hears it: it is complete when it is published.
        let isComplete = false
        const alone = new Counted()
        alone.onComplete = () => {
          isComplete = true
        }
        yield* publish(one, "c", { delivery: alone }, "elsewhere")
        expect(isComplete).toBe(true)
        expect(one.figures.own.size).toBe(0)
      })
    ))

  it("more than a message of NATS holds is refused at once; what is none of ours is counted, and passed over", () =>
    run(
      Effect.gen(function* () {
        const server: NatsServer = yield* startNats({ configuration: "max_payload: 64KB" })
        const node = yield* natsNode([server], { prefix: "t" })
        yield* node.broker.subscribe("news")
        const error = yield* Effect.flip(publish(node, "x".repeat(65_536)))
        expect(error).toBeInstanceOf(PublicationTooLarge)
        expect(error.message).toMatch(/65\d\d\d/)
        yield* Effect.forEach(numbersTo(20), () => publish(node, "x".repeat(20_000)), {
          concurrency: "unbounded"
        })
        const { connection, subjects, jetstream } = node.link
        connection.publish(subjects.live("news"), "garbage")
        connection.publish(subjects.live("news"), "x", { headers: badHeaders() })
        yield* Effect.promise(() => jetstream.publish(subjects.history("", "news"), "garbage"))
        const after = yield* publish(node, "after")
        // Nobody knows any more what was there.
        expect(after.offset).toBe(1)
        yield* node.received.wait("news", 21)
        expect(node.figures.ears.unreadable).toBe(2)
      })
    ))
})
