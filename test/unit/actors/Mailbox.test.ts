import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import fc from "fast-check"
import { expect } from "vitest"
import * as Mailbox from "../../../src/actors/Mailbox.ts"

const make = <P extends Mailbox.Overflow>(overflow: P, capacity: number) =>
  Effect.runSync(Mailbox.make<number, P>(overflow, capacity))

describe("a mailbox that refuses", () => {
  it("takes messages up to its capacity and then says no", () => {
    const mailbox = make("refuse", 2)
    expect([mailbox.offer(1), mailbox.offer(2), mailbox.offer(3)]).toEqual([true, true, false])
    expect(mailbox.depth()).toBe(2)
    expect(mailbox.takeUnsafe(1)).toEqual([1])
    expect(mailbox.offer(4)).toBe(true)
    expect(mailbox.takeUnsafe(10)).toEqual([2, 4])
  })

  it("says no when it is closed", () => {
    const mailbox = make("refuse", 2)
    Effect.runSync(mailbox.close)
    expect(mailbox.offer(1)).toBe(false)
    expect(mailbox.depth()).toBe(0)
  })
})

describe("a mailbox that slides", () => {
  it("gives back the oldest message, which had to make room", () => {
    const mailbox = make("slide", 2)
    expect([1, 2, 3, 4].map((message) => mailbox.offer(message))).toEqual([undefined, undefined, 1, 2])
    expect(mailbox.depth()).toBe(2)
    expect(mailbox.takeUnsafe(10)).toEqual([3, 4])
  })

  it("makes no room when it is closed: what waits is still taken", () => {
    const mailbox = make("slide", 2)
    mailbox.offer(1)
    mailbox.offer(2)
    Effect.runSync(mailbox.close)
    mailbox.offer(3)
    expect(mailbox.takeUnsafe(10)).toEqual([1, 2])
  })
})

describe("a mailbox that waits", () => {
  it.effect("lets the sender wait until there is room, and keeps the order", () =>
    Effect.gen(function* () {
      const mailbox = yield* Mailbox.make<number, "wait">("wait", 2)
      yield* mailbox.offer(1)
      yield* mailbox.offer(2)
      const third = yield* Effect.forkChild(mailbox.offer(3), { startImmediately: true })
      expect(third.pollUnsafe()).toBeUndefined()
      expect(mailbox.depth()).toBe(2)
      expect(yield* mailbox.take(1)).toEqual([1])
      yield* Fiber.join(third)
      expect(yield* mailbox.take(10)).toEqual([2, 3])
    })
  )

  it.effect("lets a sender go whose message was taken without waiting", () =>
    Effect.gen(function* () {
      const mailbox = yield* Mailbox.make<number, "wait">("wait", 1)
      yield* mailbox.offer(1)
      const second = yield* Effect.forkChild(mailbox.offer(2), { startImmediately: true })
      expect(mailbox.takeUnsafe(1)).toEqual([1])
      yield* Fiber.join(second)
      expect(mailbox.takeUnsafe(1)).toEqual([2])
    })
  )
})

describe.each(["refuse", "slide", "wait"] as const)("any mailbox (%s)", (overflow) => {
  const offer = (mailbox: Mailbox.Mailbox<number, Mailbox.Overflow>, message: number) => {
    const answer = mailbox.offer(message)
    if (Effect.isEffect(answer)) Effect.runSync(answer)
  }

  it("tells its policy, capacity and depth", () => {
    const mailbox = make(overflow, 3)
    expect([mailbox.overflow, mailbox.capacity, mailbox.depth()]).toEqual([overflow, 3, 0])
    offer(mailbox, 1)
    expect(mailbox.depth()).toBe(1)
  })

  it.effect("lets the taker wait for the first message", () =>
    Effect.gen(function* () {
      const mailbox = yield* Mailbox.make<number, Mailbox.Overflow>(overflow, 3)
      const taker = yield* Effect.forkChild(mailbox.take(2), { startImmediately: true })
      expect(taker.pollUnsafe()).toBeUndefined()
      offer(mailbox, 7)
      expect(yield* Fiber.join(taker)).toEqual([7])
    })
  )

  it.effect("gives at most as many as are asked for", () =>
    Effect.gen(function* () {
      const mailbox = yield* Mailbox.make<number, Mailbox.Overflow>(overflow, 5)
      for (const message of [1, 2, 3, 4, 5]) offer(mailbox, message)
      expect(yield* mailbox.take(2)).toEqual([1, 2])
      expect(mailbox.takeUnsafe(2)).toEqual([3, 4])
      expect(mailbox.takeUnsafe(2)).toEqual([5])
      expect(mailbox.takeUnsafe(2)).toEqual([])
    })
  )

  it.effect("when closed, gives what waits, and then it is done", () =>
    Effect.gen(function* () {
      const mailbox = yield* Mailbox.make<number, Mailbox.Overflow>(overflow, 3)
      for (const message of [1, 2, 3]) offer(mailbox, message)
      yield* mailbox.close
      expect(mailbox.depth()).toBe(3)
      expect(yield* mailbox.take(1)).toEqual([1])
      expect(mailbox.takeUnsafe(1)).toEqual([2])
      expect(yield* mailbox.take(5)).toEqual([3])
      const end = yield* Effect.flip(mailbox.take(1))
      expect(end._tag).toBe("Done")
      expect(mailbox.takeUnsafe(1)).toEqual([])
    })
  )

  it.effect("when closed, lets a waiting taker go", () =>
    Effect.gen(function* () {
      const mailbox = yield* Mailbox.make<number, Mailbox.Overflow>(overflow, 3)
      const taker = yield* Effect.forkChild(Effect.flip(mailbox.take(1)), { startImmediately: true })
      yield* mailbox.close
      expect((yield* Fiber.join(taker))._tag).toBe("Done")
    })
  )
})

type Step =
  | { readonly offer: number }
  | { readonly take: number }
  | { readonly takeUnsafe: number }
  | { readonly close: true }

const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.nat(99).map((offer): Step => ({ offer })) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 5 }).map((take): Step => ({ take })) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 5 }).map((takeUnsafe): Step => ({ takeUnsafe })) },
    { weight: 1, arbitrary: fc.constant<Step>({ close: true }) }
  ),
  { maxLength: 60 }
)

const WOULD_WAIT = Symbol("the sender would wait")

/** What a mailbox is, in a few lines: an array that is shortened in front. */
class Model {
  readonly waiting: Array<number> = []
  isClosed = false

  constructor(
    readonly overflow: Mailbox.Overflow,
    readonly capacity: number
  ) {}

  /** What `offer` answers; of a waiting mailbox, WOULD_WAIT where the sender would wait. */
  offer(message: number): unknown {
    const isFull = this.waiting.length === this.capacity
    if (this.isClosed) return this.overflow === "slide" ? undefined : false
    if (isFull && this.overflow === "wait") return WOULD_WAIT
    if (isFull && this.overflow === "refuse") return false
    const gone = isFull ? this.waiting.shift() : undefined
    this.waiting.push(message)
    return this.overflow === "slide" ? gone : true
  }

  take = (max: number) => this.waiting.splice(0, max)
}

describe.each(["refuse", "slide", "wait"] as const)("any use of a mailbox (%s)", (overflow) => {
  it("is as of an array with a bound, first in, first out", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (steps, capacity) => {
        const mailbox: Mailbox.Mailbox<number, Mailbox.Overflow> = make(overflow, capacity)
        const model = new Model(overflow, capacity)
        for (const step of steps) {
          if ("offer" in step) {
            const expected = model.offer(step.offer)
            if (expected === WOULD_WAIT) continue
            const answer = mailbox.offer(step.offer)
            expect(Effect.isEffect(answer) ? Effect.runSync(answer) : answer).toBe(expected)
          } else if ("take" in step) {
            if (model.waiting.length > 0)
              expect(Effect.runSync(mailbox.take(step.take))).toEqual(model.take(step.take))
          } else if ("takeUnsafe" in step) {
            expect(mailbox.takeUnsafe(step.takeUnsafe)).toEqual(model.take(step.takeUnsafe))
          } else {
            Effect.runSync(mailbox.close)
            model.isClosed = true
          }
          expect(mailbox.depth()).toBe(model.waiting.length)
        }
      }),
      { numRuns: 500 }
    )
  })
})
