import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect } from "vitest"
import { BrokerUnavailable } from "../../../../src/services/broker/Broker.ts"
import type { FromWorker } from "../../../../src/services/workers/messages.ts"
import {
  ANSWER_TIMEOUT,
  MAX_UNANSWERED,
  MAX_UNANSWERED_BYTES,
  makePrimaryAsker,
  type PrimaryAsker
} from "../../../../src/services/workers/PrimaryAsker.ts"
import type { Question } from "../../../../src/services/workers/questions.ts"

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

interface Fixture {
  readonly asker: PrimaryAsker
  /** Message by message. */
  readonly sent: Array<ReadonlyArray<Question>>
}

const test = (name: string, body: (fixture: Fixture) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      const sent: Array<ReadonlyArray<Question>> = []
      const asker = yield* makePrimaryAsker((message: FromWorker) => {
        if (message._tag !== "Ask") throw new Error(`sent a ${message._tag}`)
        sent.push(message.questions)
      })
      yield* body({ asker, sent })
    })
  )

const subscribe = (asker: PrimaryAsker, channel: string) => asker.ask({ _tag: "Subscribe", channel })
const publish = (asker: PrimaryAsker, bytes: number) =>
  asker.ask({ _tag: "Publish", channel: "a", data: Buffer.alloc(bytes), options: { stream: undefined } })

const begin = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

/** What it ended with; undefined while it waits. */
const end = (fiber: Fiber.Fiber<unknown, BrokerUnavailable>): string | undefined => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined) return undefined
  if (exit._tag === "Success") return "answered"
  const [reason] = exit.cause.reasons
  return reason?._tag === "Fail" && reason.error instanceof BrokerUnavailable ? reason.error.detail : "broken"
}

describe("questions to the primary", () => {
  test("of one turn go in one message, in order, with what is only told among them", ({ asker, sent }) =>
    Effect.gen(function* () {
      yield* begin(subscribe(asker, "a"))
      asker.unsubscribe("b")
      yield* begin(asker.ask({ _tag: "RemoveHistory", channel: "a" }))
      expect(sent).toEqual([])
      yield* turn
      yield* begin(subscribe(asker, "c"))
      yield* turn
      expect(sent).toEqual([
        [
          { _tag: "Subscribe", channel: "a", id: 0 },
          { _tag: "Unsubscribe", channel: "b" },
          { _tag: "RemoveHistory", channel: "a", id: 1 }
        ],
        [{ _tag: "Subscribe", channel: "c", id: 2 }]
      ])
    }))

  test("are answered by their ids, in any order, once; answers to nothing are passed over", ({ asker }) =>
    Effect.gen(function* () {
      const counted = yield* begin(asker.ask({ _tag: "CountPresence", channel: "a" }))
      const other = yield* begin(asker.ask({ _tag: "CountPresence", channel: "b" }))
      const stats = (id: number, numClients: number) =>
        ({ _tag: "Counted", id, numClients, numUsers: 1 }) as const
      asker.answered([stats(1, 20), stats(99, 0), stats(0, 10), stats(0, 11)])
      expect((yield* Fiber.join(counted)).numClients).toBe(10)
      expect((yield* Fiber.join(other)).numClients).toBe(20)
      expect(asker.unanswered).toBe(0)
    }))

  test("that the primary cannot answer fail with what it says", ({ asker }) =>
    Effect.gen(function* () {
      const asked = yield* begin(subscribe(asker, "a"))
      asker.answered([{ _tag: "Unavailable", id: 0, detail: "the link is cut" }])
      expect(end(asked)).toBe("the link is cut")
    }))

  test("whose asker has gone are answered to nobody, and count until then", ({ asker }) =>
    Effect.gen(function* () {
      const asked = yield* begin(subscribe(asker, "a"))
      yield* Fiber.interrupt(asked)
      expect(asker.unanswered).toBe(1)
      asker.answered([{ _tag: "Done", id: 0 }])
      expect(asker.unanswered).toBe(0)
    }))
})

describe("what only reads, asked together", () => {
  const stream = { size: 10, ttlMs: 1000, metaTtlMs: 1000 }
  const read = (asker: PrimaryAsker, channel: string, limit = -1) =>
    asker.askTogether({ _tag: "History", channel, filter: { limit }, stream })
  const history = (id: number, offset: number) =>
    ({ _tag: "History", id, offset, epoch: "e", publications: [] }) as const

  test("in the same words and turn is one question, whose answer all have", ({ asker, sent }) =>
    Effect.gen(function* () {
      const all = [
        yield* begin(read(asker, "a")),
        yield* begin(read(asker, "b")),
        yield* begin(read(asker, "a")),
        yield* begin(read(asker, "a", 1))
      ]
      yield* turn
      expect(sent.flat().map((question) => "id" in question && question.id)).toEqual([0, 1, 2])
      asker.answered([history(0, 10), history(1, 20), history(2, 30)])
      const offsets = yield* Effect.forEach(all, (fiber) => Fiber.join(fiber))
      expect(offsets.map(({ offset }) => offset)).toEqual([10, 20, 10, 30])
      expect(asker.unanswered).toBe(0)
    }))

  test("in a later turn is another question: what was published between is in its answer", ({
    asker,
    sent
  }) =>
    Effect.gen(function* () {
      const first = yield* begin(read(asker, "a"))
      yield* turn
      const second = yield* begin(read(asker, "a"))
      yield* turn
      expect(sent.map((all) => all.length)).toEqual([1, 1])
      asker.answered([history(0, 1), history(1, 2)])
      expect((yield* Fiber.join(first)).offset).toBe(1)
      expect((yield* Fiber.join(second)).offset).toBe(2)
    }))

  test("is answered also where the first to ask has gone", ({ asker }) =>
    Effect.gen(function* () {
      const first = yield* begin(read(asker, "a"))
      const second = yield* begin(read(asker, "a"))
      yield* Fiber.interrupt(first)
      yield* turn
      asker.answered([history(0, 1)])
      expect((yield* Fiber.join(second)).offset).toBe(1)
    }))

  test("that is refused is asked anew as soon as there is room", ({ asker }) =>
    Effect.gen(function* () {
      yield* begin(publish(asker, MAX_UNANSWERED_BYTES))
      yield* turn
      expect(end(yield* begin(read(asker, "a")))).toMatch(/bytes/)
      asker.answered([{ _tag: "Published", id: 0, offset: 1, epoch: "", isSuppressed: false }])
      expect(end(yield* begin(read(asker, "a")))).toBeUndefined()
    }))

  test("fails for all of them", ({ asker }) =>
    Effect.gen(function* () {
      const all = [yield* begin(read(asker, "a")), yield* begin(read(asker, "a"))]
      yield* TestClock.adjust(ANSWER_TIMEOUT)
      expect(all.map(end)).toEqual([expect.stringMatching(/in time/), expect.stringMatching(/in time/)])
      asker.lose("gone")
      expect(end(yield* begin(read(asker, "a")))).toBe("gone")
      expect(end(yield* begin(read(asker, "a")))).toBe("gone")
    }))
})

describe("questions that are too many", () => {
  test("in number fail at once and are not sent, until one is answered; what is only told is sent", ({
    asker,
    sent
  }) =>
    Effect.gen(function* () {
      for (let i = 0; i < MAX_UNANSWERED; i++) yield* begin(subscribe(asker, "a"))
      const over = yield* begin(subscribe(asker, "over"))
      expect(end(over)).toMatch(/65536 questions/)
      asker.unsubscribe("b")
      asker.answered([{ _tag: "Done", id: 7 }])
      const next = yield* begin(subscribe(asker, "next"))
      expect(end(next)).toBeUndefined()
      yield* turn
      expect(sent.flat().length).toBe(MAX_UNANSWERED + 2)
      expect(sent.flat().slice(-2)).toMatchObject([
        { _tag: "Unsubscribe", channel: "b" },
        { _tag: "Subscribe", channel: "next" }
      ])
    }))

  test("in bytes: the same", ({ asker }) =>
    Effect.gen(function* () {
      const half = MAX_UNANSWERED_BYTES / 2
      yield* begin(publish(asker, half))
      const second = yield* begin(publish(asker, half - 1000))
      expect(end(second)).toBeUndefined()
      expect(end(yield* begin(publish(asker, 1000)))).toMatch(/bytes to the primary wait/)
      asker.answered([{ _tag: "Published", id: 0, offset: 1, epoch: "", isSuppressed: false }])
      expect(end(yield* begin(publish(asker, 1000)))).toBeUndefined()
    }))

  test("one that is larger than the bound is asked where nothing waits", ({ asker }) =>
    Effect.gen(function* () {
      expect(end(yield* begin(publish(asker, MAX_UNANSWERED_BYTES + 1)))).toBeUndefined()
      expect(end(yield* begin(publish(asker, 1)))).toMatch(/bytes/)
    }))
})

describe("questions without an answer", () => {
  test("fail when their time has passed, each in its own", ({ asker }) =>
    Effect.gen(function* () {
      const first = yield* begin(subscribe(asker, "a"))
      yield* TestClock.adjust("3 seconds")
      const second = yield* begin(subscribe(asker, "b"))
      yield* TestClock.adjust("1999 millis")
      expect([end(first), end(second)]).toEqual([undefined, undefined])
      yield* TestClock.adjust("1 millis")
      expect([end(first), end(second)]).toEqual([expect.stringMatching(/in time/), undefined])
      yield* TestClock.adjust("3 seconds")
      expect(end(second)).toMatch(/in time/)
      // The watch begins anew with what is asked later.
      const third = yield* begin(subscribe(asker, "c"))
      yield* TestClock.adjust(ANSWER_TIMEOUT)
      expect(end(third)).toMatch(/in time/)
    }))

  test("take room until the answer comes after all", ({ asker }) =>
    Effect.gen(function* () {
      yield* begin(publish(asker, MAX_UNANSWERED_BYTES))
      yield* TestClock.adjust(ANSWER_TIMEOUT)
      expect(asker.unanswered).toBe(1)
      expect(end(yield* begin(publish(asker, 1)))).toMatch(/bytes/)
      asker.answered([{ _tag: "Published", id: 0, offset: 1, epoch: "", isSuppressed: false }])
      expect(asker.unanswered).toBe(0)
      expect(end(yield* begin(publish(asker, 1)))).toBeUndefined()
    }))

  test("fail at once when the link is lost, and so does what is asked later", ({ asker, sent }) =>
    Effect.gen(function* () {
      const waiting = [yield* begin(subscribe(asker, "a")), yield* begin(publish(asker, 100))]
      yield* turn
      asker.lose("the primary is gone")
      expect(waiting.map(end)).toEqual(["the primary is gone", "the primary is gone"])
      expect(end(yield* begin(subscribe(asker, "b")))).toBe("the primary is gone")
      asker.unsubscribe("a")
      yield* turn
      expect([sent.length, asker.unanswered]).toEqual([1, 0])
    }))
})
