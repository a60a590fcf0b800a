import { it as itEffect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createActor, initialTransition, transition } from "xstate"
import { makeMachineClock } from "../../../../src/actors/clock.ts"
import {
  type RampEvent,
  type RampInput,
  type RampState,
  rampMachine
} from "../../../../src/actors/rampMachine.ts"

/** What xstate sends itself when the interval is over. */
const INTERVAL_OVER = { type: "xstate.after.interval.ramp.ramping" } as never

const start: RampEvent = { type: "start" }
const stop: RampEvent = { type: "stop" }
const empty: RampEvent = { type: "empty" }

const INPUT: RampInput = { total: 250, batchSize: 100, intervalMs: 1000 }

const after = (events: ReadonlyArray<RampEvent>, input = INPUT) => {
  let [snapshot] = initialTransition(rampMachine, input)
  for (const event of events) [snapshot] = transition(rampMachine, snapshot, event)
  return { state: snapshot.value as RampState, context: snapshot.context, status: snapshot.status }
}

/** The batches that a ramp opens until it holds, one at each interval. */
const batchesOf = (input: RampInput): ReadonlyArray<number> => {
  const batches: Array<number> = []
  let [snapshot] = initialTransition(rampMachine, input)
  for ([snapshot] = transition(rampMachine, snapshot, start); snapshot.value === "ramping"; ) {
    batches.push(snapshot.context.batch)
    ;[snapshot] = transition(rampMachine, snapshot, INTERVAL_OVER)
  }
  return batches
}

/** The shortest way into each state. */
const ways: Record<RampState, ReadonlyArray<RampEvent>> = {
  idle: [],
  ramping: [start],
  holding: [start, INTERVAL_OVER, INTERVAL_OVER, INTERVAL_OVER],
  draining: [start, stop],
  done: [start, stop, empty]
}

describe("a ramp", () => {
  const table: ReadonlyArray<readonly [RampState, RampEvent, RampState]> = [
    ["idle", start, "ramping"],
    ["idle", stop, "done"],
    ["idle", empty, "idle"],
    ["ramping", INTERVAL_OVER, "ramping"],
    ["ramping", start, "ramping"],
    ["ramping", stop, "draining"],
    ["ramping", empty, "ramping"],
    ["holding", start, "holding"],
    ["holding", stop, "draining"],
    ["holding", empty, "holding"],
    ["draining", empty, "done"],
    ["draining", start, "draining"],
    ["draining", stop, "draining"],
    ["draining", INTERVAL_OVER, "draining"],
    ["done", start, "done"],
    ["done", stop, "done"]
  ]
  it.each(table)("%s, on %j, is %s", (from, event, to) => {
    expect(after(ways[from]).state).toBe(from)
    expect(after([...ways[from], event]).state).toBe(to)
  })

  it("opens nothing before it starts", () => {
    expect(after([]).context).toMatchObject({ attempted: 0, batch: 0 })
  })

  it("opens batches of batchSize, the last one smaller, and then holds", () => {
    expect(batchesOf(INPUT)).toEqual([100, 100, 50])
    expect(after(ways.holding).context).toMatchObject({ attempted: 250 })
  })

  it("of whole batches has no smaller one, and none that is empty", () => {
    expect(batchesOf({ ...INPUT, total: 200 })).toEqual([100, 100])
    expect(batchesOf({ ...INPUT, total: 100 })).toEqual([100])
  })

  it("smaller than one batch is one batch", () => {
    expect(batchesOf({ ...INPUT, total: 1 })).toEqual([1])
  })

  it("asked to start again does not open its batch again", () => {
    expect(after([start, start]).context).toMatchObject({ attempted: 100, batch: 100 })
    expect(after([...ways.holding, start]).context).toMatchObject({ attempted: 250 })
  })

  it("that is stopped opens no further batch", () => {
    expect(after([start, INTERVAL_OVER, stop, INTERVAL_OVER]).context.attempted).toBe(200)
  })

  it("has an end only when nothing is open any more", () => {
    expect(after(ways.draining).status).toBe("active")
    expect(after(ways.done).status).toBe("done")
  })

  it("of any size opens as many as it should, none of its batches over batchSize, all but the last full", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 1000 }),
        (total, batchSize) => {
          const batches = batchesOf({ total, batchSize, intervalMs: 1 })
          expect(batches.reduce((sum, batch) => sum + batch, 0)).toBe(total)
          expect(batches).toHaveLength(Math.ceil(total / batchSize))
          expect(batches.slice(0, -1).every((batch) => batch === batchSize)).toBe(true)
          expect(batches.at(-1)).toBeGreaterThan(0)
          expect(batches.at(-1)).toBeLessThanOrEqual(batchSize)
        }
      )
    )
  })
})

describe("a ramp on Effect's clock", () => {
  const run = Effect.fnUntraced(function* (input: RampInput) {
    const machine = createActor(rampMachine, { clock: yield* makeMachineClock, input })
    machine.start()
    const state = () => {
      const { value, context } = machine.getSnapshot()
      return [value, context.attempted]
    }
    return { machine, state }
  })

  itEffect.effect("opens a batch at once and one at every interval, not before", () =>
    Effect.gen(function* () {
      const { machine, state } = yield* run(INPUT)
      yield* TestClock.adjust("1 hour")
      expect(state()).toEqual(["idle", 0])
      machine.send(start)
      expect(state()).toEqual(["ramping", 100])
      yield* TestClock.adjust(999)
      expect(state()).toEqual(["ramping", 100])
      yield* TestClock.adjust(1)
      expect(state()).toEqual(["ramping", 200])
      yield* TestClock.adjust(1000)
      expect(state()).toEqual(["ramping", 250])
      yield* TestClock.adjust(999)
      expect(state()).toEqual(["ramping", 250])
      yield* TestClock.adjust(1)
      expect(state()).toEqual(["holding", 250])
      yield* TestClock.adjust("1 day")
      expect(state()).toEqual(["holding", 250])
    })
  )

  itEffect.effect("ramps for hours in one step of the clock", () =>
    Effect.gen(function* () {
      const { machine, state } = yield* run({ total: 1_000_000, batchSize: 100, intervalMs: 1000 })
      machine.send(start)
      yield* TestClock.adjust("1 hour")
      expect(state()).toEqual(["ramping", 360_100])
      yield* TestClock.adjust("2 hours")
      expect(state()).toEqual(["holding", 1_000_000])
    })
  )

  itEffect.effect("that is stopped leaves no timer behind that opens more", () =>
    Effect.gen(function* () {
      const { machine, state } = yield* run(INPUT)
      machine.send(start)
      yield* TestClock.adjust(500)
      machine.send(stop)
      yield* TestClock.adjust("1 hour")
      expect(state()).toEqual(["draining", 100])
      machine.send(empty)
      expect(state()).toEqual(["done", 100])
    })
  )

  itEffect.effect(
    "that is raised while it holds goes on at its pace up to the new total, and never down",
    () =>
      Effect.gen(function* () {
        const { machine, state } = yield* run({ total: 100, batchSize: 100, intervalMs: 1000 })
        const raise = (total: number) => machine.send({ type: "raise", total })
        machine.send(start)
        yield* TestClock.adjust(1000)
        expect(state()).toEqual(["holding", 100])
        raise(100)
        raise(50)
        expect(state()).toEqual(["holding", 100])
        raise(250)
        expect(state()).toEqual(["ramping", 200])
        yield* TestClock.adjust(500)
        // While it ramps, too; the step under way keeps its time.
        raise(350)
        expect(state()).toEqual(["ramping", 200])
        yield* TestClock.adjust(500)
        expect(state()).toEqual(["ramping", 300])
        yield* TestClock.adjust(1000)
        expect(state()).toEqual(["ramping", 350])
        yield* TestClock.adjust(1000)
        expect(state()).toEqual(["holding", 350])
      })
  )

  itEffect.effect("can be raised before it begins, and not after its end", () =>
    Effect.gen(function* () {
      const { machine, state } = yield* run({ total: 100, batchSize: 1000, intervalMs: 1000 })
      machine.send({ type: "raise", total: 300 })
      expect(state()).toEqual(["idle", 0])
      machine.send(start)
      expect(state()).toEqual(["ramping", 300])
      machine.send(stop)
      machine.send({ type: "raise", total: 900 })
      yield* TestClock.adjust("1 hour")
      expect(state()).toEqual(["draining", 300])
    })
  )
})
