/** How parts of logs are read from a real NATS server: rightly, and with few questions. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { LOOK_AGAIN_MS } from "../../../src/services/broker/nats/Looks.ts"
import { recordToBytes } from "../../../src/services/broker/nats/records.ts"
import { BROADCAST_CHANNEL } from "../../../src/services/hot/ChannelEvent.ts"
import { NatsProxy } from "../../support/nats/NatsProxy.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"
import { type NatsNode, natsNode } from "../../support/nats/natsBroker.ts"
import { untilUp } from "../../support/nats/untilUp.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const STREAM = { size: 1000, ttlMs: 60_000, metaTtlMs: 120_000 }
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)
const dataOf = (text: string) => new TextEncoder().encode(text)
const textOf = (data: Uint8Array) => new TextDecoder().decode(data)

/** Thousands ask at once, on a machine that may be busy. */
const PATIENT = { prefix: "t", requestTimeout: "20 seconds" } as const

const twoNodes = Effect.gen(function* () {
  const server = yield* startNats()
  return { writer: yield* natsNode([server], PATIENT), reader: yield* natsNode([server], PATIENT) }
})

/** Counts the questions of a node from now on, without those by which it looks now and then at the channel that every node hears. */
const countReads = ({ link, figures: { logs } }: NatsNode): (() => number) => {
  const { streams } = link.manager
  const getMessage = streams.getMessage.bind(streams)
  const before = logs.reads
  let looks = 0
  streams.getMessage = (stream, query) => {
    if ("last_by_subj" in query && query.last_by_subj === logs.subjectOf(BROADCAST_CHANNEL)) looks++
    return getMessage(stream, query)
  }
  return () => logs.reads - before - looks
}

/** Publications of all channels in turn, so that those of each are far apart. */
const fill = ({ broker }: NatsNode, channels: number, rounds: number) =>
  Effect.forEach(upTo(rounds), (round) =>
    Effect.forEach(
      upTo(channels),
      (channel) => broker.publish(`c${channel}`, dataOf(`${channel} ${round}`), { stream: STREAM }),
      { concurrency: "unbounded" }
    )
  )

/** The texts of a channel's publications behind an offset. */
const texts = ({ broker }: NatsNode, channel: number, offset: number) =>
  Effect.gen(function* () {
    const name = `c${channel}`
    const { epoch } = yield* broker.history(name, { limit: 0 }, STREAM)
    const { publications } = yield* broker.history(name, { limit: -1, since: { offset, epoch } }, STREAM)
    return publications.map(({ data }) => textOf(data))
  })

const expected = (channel: number, rounds: number, offset: number) =>
  upTo(rounds)
    .slice(offset)
    .map((round) => `${channel} ${round}`)

describe.skipIf(noNatsServer !== undefined)(`logs at NATS ${noNatsServer ?? ""}`, () => {
  it("who missed little asks for just that, however much else the stream holds", () =>
    run(
      Effect.gen(function* () {
        const { writer, reader } = yield* twoNodes
        yield* fill(writer, 300, 20)
        const reads = countReads(reader)
        const asked = (count: number) => expect(reads()).toBe(count)
        expect(yield* texts(reader, 7, 15)).toEqual(expected(7, 20, 15))
        // Two times where it stands, and the four publications before the last one.
        asked(6)
        // More than the marks of one message know.
        expect(yield* texts(reader, 8, 9)).toEqual(expected(8, 20, 9))
        asked(6 + 2 + 10)
        // Now a consumer costs less.
        expect(yield* texts(reader, 9, 1)).toEqual(expected(9, 20, 1))
        asked(6 + 12 + 2 + 1)
      })
    ))

  it("when many read at once the stream is read a few times for all, and each gets its own", () =>
    run(
      Effect.gen(function* () {
        const { writer, reader } = yield* twoNodes
        const [channels, rounds] = [1000, 12]
        yield* fill(writer, channels, rounds)
        const { reads: before } = reader.figures.logs
        const found = yield* Effect.forEach(
          upTo(channels),
          (channel) => texts(reader, channel, channel % 3),
          {
            concurrency: "unbounded"
          }
        )
        for (const channel of upTo(channels))
          expect(found[channel]).toEqual(expected(channel, rounds, channel % 3))
        // One by one it would be eleven for each, beside the two that ask where it stands.
        expect(reader.figures.logs.reads - before).toBeLessThan(2 * channels + 500)
        expect(reader.figures.reader.waiting).toBe(0)
      })
    ))

  it("who comes while others read shares with them what is still to come, and each gets its own", () =>
    run(
      Effect.gen(function* () {
        const { writer, reader } = yield* twoNodes
        const [channels, rounds] = [1000, 12]
        yield* fill(writer, channels, rounds)
        // A place is free as soon as a channel is whole, which is not for all at the same time.
        const found = yield* Effect.forEach(
          upTo(channels),
          (channel) => texts(reader, channel, channel % 3),
          {
            concurrency: 300
          }
        )
        for (const channel of upTo(channels))
          expect(found[channel]).toEqual(expected(channel, rounds, channel % 3))
        expect(reader.figures.reader.waiting).toBe(0)
      })
    ))

  it("what was purged before the end of a reading is missing, and nobody waits for it", () =>
    run(
      Effect.gen(function* () {
        const { writer, reader } = yield* twoNodes
        const channels = 200
        yield* fill(writer, channels, 12)
        const lasts = yield* Effect.forEach(upTo(channels), (channel) =>
          reader.figures.logs.last(`c${channel}`)
        )
        yield* Effect.forEach(upTo(channels / 2), (channel) => writer.figures.logs.purge(`c${channel}`, 1e9))
        const found = yield* Effect.forEach(
          lasts,
          (last, channel) =>
            reader.figures.reader.read({ channel: `c${channel}`, after: { offset: 0, seq: 0 }, last }),
          { concurrency: "unbounded" }
        )
        // The last message is known, where the others are asked for one by one.
        for (const [channel, messages] of found.entries())
          expect(messages.length === 12).toBe(channel >= channels / 2)
      })
    ))

  it("who comes back is told where the log stands though NATS has lost what counts of it", () =>
    run(
      Effect.gen(function* () {
        const { writer } = yield* twoNodes
        yield* fill(writer, 1, 12)
        const { logs } = writer.figures
        const { epoch } = (yield* logs.last("c0")).record!.state
        // A message that holds no publication: that the channel is used, for longer.
        yield* writer.figures.open("c0", { ...STREAM, metaTtlMs: 600_000 })
        const { seq, record } = yield* logs.last("c0")
        expect(record?.entries).toEqual([])
        yield* logs.purge("c0", seq - 1)
        const read = (filter: { limit: number; since?: { offset: number; epoch: string } }) =>
          writer.broker.history("c0", filter, STREAM)
        expect(yield* read({ limit: -1, since: { offset: 3, epoch } })).toEqual({
          offset: 12,
          epoch,
          publications: []
        })
        // What is not asked for from a position would not show that something is missing.
        expect((yield* Effect.flip(read({ limit: -1 }))).message).toContain("cannot be read as it is now")
        yield* fill(writer, 1, 1)
        const { publications } = yield* read({ limit: -1, since: { offset: 3, epoch } })
        expect(publications.map(({ offset }) => offset)).toEqual([13])
      })
    ))

  it("so many may wait, and the next one is refused; who leaves waits no more", () =>
    run(
      Effect.gen(function* () {
        const { writer, reader } = yield* twoNodes
        yield* fill(writer, 1, 12)
        const last = yield* reader.figures.logs.last("c0")
        const part = { channel: "c0", after: { offset: 0, seq: 0 }, last }
        const answers = yield* Effect.forEach(
          upTo(20_100),
          () => Effect.result(reader.figures.reader.read(part)),
          { concurrency: "unbounded" }
        )
        const refused = answers.filter(({ _tag }) => _tag === "Failure")
        expect(refused.length).toBeGreaterThan(0)
        expect(refused.length).toBeLessThan(101)
        expect(reader.figures.reader.waiting).toBe(0)
      })
    ))

  it("where a channel stood when it was heard last needs no question", () =>
    run(
      Effect.gen(function* () {
        const { writer, reader } = yield* twoNodes
        yield* fill(writer, 1, 3)
        yield* reader.broker.subscribe("c0")
        const reads = countReads(reader)
        const began = performance.now()
        const old = { limit: 0, mayBeOld: true }
        for (let times = 0; times < 10; times++)
          expect(yield* reader.broker.history("c0", old, STREAM)).toMatchObject({
            offset: 3,
            publications: []
          })
        yield* fill(writer, 1, 2)
        yield* reader.received.wait("c0", 2)
        expect(yield* reader.broker.history("c0", old, STREAM)).toMatchObject({ offset: 5 })
        // The node may have looked at it.
        expect(reads()).toBeLessThanOrEqual(1 + Math.floor((performance.now() - began) / LOOK_AGAIN_MS))
        // Of a channel that is not heard nothing is known.
        yield* fill(writer, 2, 1)
        expect(yield* reader.broker.history("c1", old, STREAM)).toMatchObject({ offset: 1 })
      })
    ))

  it("what no longer counts is found as long as it stands, also before the first mark", () =>
    run(
      Effect.gen(function* () {
        const { writer, reader } = yield* twoNodes
        const few = { ...STREAM, size: 3 }
        for (const round of upTo(7)) yield* writer.broker.publish("c", dataOf(String(round)), { stream: few })
        const last = yield* reader.figures.logs.last("c")
        const after = { offset: 0, seq: 0 }
        const messages = yield* reader.figures.reader.read({ channel: "c", after, last })
        expect(messages.map(({ record }) => record?.state.offset)).toEqual([1, 2, 3, 4, 5, 6, 7])
      })
    ))

  it("marks that point nowhere but at themselves end", () =>
    run(
      Effect.gen(function* () {
        const { writer, reader } = yield* twoNodes
        yield* fill(writer, 1, 1)
        const { seq, record } = yield* reader.figures.logs.last("c0")
        const marks = upTo(8).map((at) => ({ offset: 100 + at, seq: seq + 1 }))
        const forged = { ...record!, state: { ...record!.state, offset: 200, marks } }
        const subject = writer.figures.logs.subjectOf("c0")
        yield* Effect.promise(() => writer.link.jetstream.publish(subject, recordToBytes(forged)))
        const last = yield* reader.figures.logs.last("c0")
        const { reads } = reader.figures.logs
        yield* reader.figures.reader.read({ channel: "c0", after: { offset: 99, seq: 0 }, last })
        expect(reader.figures.logs.reads - reads).toBeLessThan(10)
      })
    ))

  it("when the connection is lost all that wait are answered, and readings go on when it is back", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const proxy = yield* NatsProxy.before(server)
        const reader = yield* natsNode([proxy], { prefix: "t" })
        yield* fill(reader, 1, 12)
        const last = yield* reader.figures.logs.last("c0")
        const part = { channel: "c0", after: { offset: 0, seq: 0 }, last }
        const readings = yield* Effect.forEach(upTo(10_000), () =>
          Effect.forkChild(Effect.result(reader.figures.reader.read(part)))
        )
        proxy.cut()
        yield* Effect.forEach(readings, Fiber.join)
        expect(reader.figures.reader.waiting).toBe(0)
        proxy.restore()
        yield* untilUp(reader.link, true)
        expect(yield* reader.figures.reader.read(part)).toHaveLength(12)
      })
    ))

  it("when the broker ends all that wait are answered, and nothing is begun any more", () =>
    run(
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const server = yield* startNats()
        const reader = yield* Scope.provide(natsNode([server], { prefix: "t" }), scope)
        yield* fill(reader, 1, 12)
        const last = yield* reader.figures.logs.last("c0")
        const part = { channel: "c0", after: { offset: 0, seq: 0 }, last }
        const readings = yield* Effect.forEach(upTo(100), () =>
          Effect.forkChild(Effect.exit(reader.figures.reader.read(part)))
        )
        yield* Scope.close(scope, Exit.void)
        yield* Effect.forEach(readings, Fiber.join)
        expect(Exit.isFailure(yield* Effect.exit(reader.figures.reader.read(part)))).toBe(true)
      })
    ))
})
