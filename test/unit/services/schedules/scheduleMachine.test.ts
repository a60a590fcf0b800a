import * as Result from "effect/Result"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { transition } from "xstate"
import { finalStates, type ScheduleState } from "../../../../src/services/schedules/Schedule.ts"
import {
  advance,
  type ScheduleContext,
  type ScheduleEvent,
  scheduleMachine
} from "../../../../src/services/schedules/scheduleMachine.ts"

const states: ReadonlyArray<ScheduleState> = [
  "scheduled",
  "due",
  "sending",
  "paused",
  "completed",
  "failed",
  "cancelled"
]

const context = (some: Partial<ScheduleContext> = {}): ScheduleContext => ({
  runs: 1,
  maxRuns: undefined,
  minConnections: 2,
  failure: undefined,
  ...some
})

const after = (state: ScheduleState, event: ScheduleEvent, given: ScheduleContext = context()) => {
  const snapshot = scheduleMachine.resolveState({ value: state, context: given })
  const [next] = transition(scheduleMachine, snapshot, event)
  return next
}

const send = (connections: number, hasNext = true): ScheduleEvent => ({ type: "send", connections, hasNext })
const sent = (hasNext = true): ScheduleEvent => ({ type: "sent", hasNext })
const notSent = (hasNext = true): ScheduleEvent => ({ type: "notSent", detail: "no broker", hasNext })
const skip = (hasNext = true): ScheduleEvent => ({ type: "skip", hasNext })
const resume = (hasNext = true): ScheduleEvent => ({ type: "resume", hasNext })
const simple = (type: "due" | "runNow" | "ranNow" | "update" | "pause" | "cancel"): ScheduleEvent => ({
  type
})
const fail: ScheduleEvent = { type: "fail", detail: "no zone" }

const one = context({ maxRuns: 2 })
const none = context({ maxRuns: 1 })

describe("the life of a schedule", () => {
  type Row = readonly [ScheduleState, ScheduleEvent, ScheduleState, ScheduleContext?]
  const table: ReadonlyArray<Row> = [
    ["scheduled", simple("due"), "due"],
    ["scheduled", skip(), "scheduled"],
    ["scheduled", skip(false), "completed"],
    ["scheduled", simple("runNow"), "scheduled"],
    ["scheduled", simple("ranNow"), "scheduled"],
    ["scheduled", simple("ranNow"), "scheduled", one],
    ["scheduled", simple("ranNow"), "completed", none],
    ["scheduled", simple("pause"), "paused"],
    ["scheduled", resume(), "scheduled"],
    ["due", send(2), "sending"],
    ["due", send(1), "scheduled"],
    ["due", send(1, false), "completed"],
    ["due", send(2, false), "sending"],
    ["due", send(2), "sending", one],
    ["due", send(2), "completed", none],
    ["due", skip(), "scheduled"],
    ["due", skip(false), "completed"],
    ["due", simple("pause"), "paused"],
    ["due", simple("update"), "scheduled"],
    ["sending", sent(), "scheduled"],
    ["sending", sent(false), "completed"],
    ["sending", sent(), "completed", none],
    ["sending", notSent(), "scheduled"],
    ["sending", notSent(false), "failed"],
    ["sending", notSent(), "failed", none],
    ["sending", simple("pause"), "paused"],
    ["sending", simple("ranNow"), "sending", none],
    ["paused", sent(), "paused"],
    ["paused", sent(false), "completed"],
    ["paused", notSent(), "paused"],
    ["paused", notSent(false), "failed"],
    ["paused", resume(), "scheduled"],
    ["paused", resume(false), "completed"],
    ["paused", simple("pause"), "paused"],
    ["paused", simple("ranNow"), "completed", none],
    ...states
      .filter((state) => !finalStates.has(state))
      .flatMap(
        (state): ReadonlyArray<Row> => [
          [state, simple("cancel"), "cancelled"],
          [state, fail, "failed"]
        ]
      )
  ]
  for (const [from, event, to, given = context()] of table)
    it(`${from} of ${given.maxRuns ?? "any"} runs, on ${JSON.stringify(event)}, is ${to}`, () => {
      expect(after(from, event, given).value).toBe(to)
    })

  it("counts a run when it begins, not one that the gate held back", () => {
    expect(after("due", send(2)).context.runs).toBe(2)
    expect(after("due", send(1)).context.runs).toBe(1)
    expect(after("sending", sent()).context.runs).toBe(1)
    expect(after("paused", simple("runNow")).context.runs).toBe(2)
  })

  it("keeps why it failed, and nothing of failures that it survived", () => {
    expect(after("sending", notSent(false)).context.failure).toBe("no broker")
    expect(after("sending", notSent()).context.failure).toBeUndefined()
    expect(after("scheduled", fail).context.failure).toBe("no zone")
  })
})

describe("a step from a stored state", () => {
  const refused: ReadonlyArray<readonly [ScheduleState, ScheduleEvent, string]> = [
    ["cancelled", simple("pause"), "a schedule that is cancelled cannot be paused"],
    ["completed", simple("runNow"), "a schedule that is completed cannot run now"],
    ["failed", simple("update"), "a schedule that is failed cannot be changed"],
    ["cancelled", simple("cancel"), "a schedule that is cancelled cannot be cancelled"],
    ["scheduled", sent(), "a schedule that is scheduled cannot end a run"],
    ["paused", simple("due"), "a schedule that is paused cannot become due"]
  ]
  it.each(refused)("refuses: %s, on %j", (state, event, sentence) => {
    expect(advance({ ...context(), state }, event)).toEqual(Result.fail(sentence))
  })

  it("refuses a run more than it may have", () => {
    expect(advance({ ...none, state: "paused" }, simple("runNow"))).toEqual(
      Result.fail("a schedule that had all of its 1 runs cannot run now")
    )
  })

  const anyEvent = fc.oneof(
    fc.constantFrom<ScheduleEvent>(
      simple("due"),
      simple("runNow"),
      simple("ranNow"),
      simple("update"),
      simple("pause"),
      simple("cancel"),
      fail
    ),
    fc
      .boolean()
      .chain((hasNext) => fc.constantFrom(sent(hasNext), notSent(hasNext), skip(hasNext), resume(hasNext))),
    fc.tuple(fc.nat(4), fc.boolean()).map(([connections, hasNext]) => send(connections, hasNext))
  )
  const anyContext = fc
    .record({
      runs: fc.nat(4),
      maxRuns: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      minConnections: fc.nat(4)
    })
    .map(context)

  it("does what the machine does, in every state", () => {
    fc.assert(
      fc.property(fc.constantFrom(...states), anyContext, anyEvent, (state, given, event) => {
        const next = after(state, event, given)
        const stepped = advance({ ...given, state }, event)
        if (Result.isFailure(stepped))
          expect({ value: next.value, context: next.context }).toEqual({ value: state, context: given })
        else
          expect(stepped.success).toEqual({
            state: next.value,
            runs: next.context.runs,
            failure: next.context.failure
          })
      }),
      { numRuns: 2000 }
    )
  })
})
