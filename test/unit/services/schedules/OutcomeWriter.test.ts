import * as Effect from "effect/Effect"
import { beforeEach, describe, expect, it } from "vitest"
import type { Decision } from "../../../../src/services/schedules/firing.ts"
import { OutcomeWriter } from "../../../../src/services/schedules/OutcomeWriter.ts"
import { type Change, type Lost, NONE_LOST } from "../../../../src/services/schedules/ScheduleStore.ts"
import { scheduleWith } from "../../../support/schedules/ScheduleWorld.ts"

const decisionOf = (id: string): Decision => {
  const schedule = scheduleWith({ id })
  return { before: schedule, schedule, runs: [] }
}

describe("the writer of outcomes", () => {
  let isBusy = false
  let commits: Array<ReadonlyArray<Change>> = []
  let events: Array<string> = []
  let lost: Lost = NONE_LOST
  let writing: Array<Promise<void>> = []
  let writer: OutcomeWriter

  beforeEach(() => {
    isBusy = false
    commits = []
    events = []
    lost = NONE_LOST
    writing = []
    writer = new OutcomeWriter(
      (changes) =>
        Effect.sync(() => {
          commits.push(changes)
          return lost
        }),
      (decisions) => Effect.sync(() => void events.push(`told ${decisions.length}`)),
      (effect) => writing.push(Effect.runPromise(effect)),
      () => isBusy
    )
  })

  const add = (count: number) => {
    for (let index = 0; index < count; index++)
      writer.add(
        decisionOf(`${index}`),
        false,
        () => events.push(`recorded ${index}`),
        () => events.push(`lost ${index}`)
      )
  }
  /** What is written forks what is written. */
  const settled = async () => {
    for (let seen = -1; seen < writing.length; ) {
      seen = writing.length
      await Promise.all(writing)
    }
  }

  it("puts those of one turn into one commit, and tells of it before anybody goes on", async () => {
    add(3)
    expect(commits).toEqual([])
    await settled()
    expect(commits.map((changes) => changes.length)).toEqual([3])
    expect(events).toEqual(["told 3", "recorded 0", "recorded 1", "recorded 2"])
  })

  it("begins to tell when it is committed, and not before: who is told looks at once", async () => {
    writer = new OutcomeWriter(
      () =>
        Effect.sync(() => {
          events.push("committed")
          return NONE_LOST
        }),
      () => {
        events.push("told")
        return Effect.void
      },
      (effect) => writing.push(Effect.runPromise(effect)),
      () => isBusy
    )
    add(1)
    await settled()
    expect(events).toEqual(["committed", "told", "recorded 0"])
  })

  it("tells of those that another node has changed, and records the others", async () => {
    lost = new Set(["1"])
    add(3)
    await settled()
    expect(events).toEqual(["told 2", "recorded 0", "recorded 2", "lost 1"])
  })

  it("divides many of them, and forgets none that comes while it writes", async () => {
    add(250)
    await Promise.resolve()
    add(10)
    await settled()
    expect(commits.map((changes) => changes.length)).toEqual([100, 100, 60])
    add(1)
    await settled()
    expect(commits).toHaveLength(4)
  })

  it("waits while runs are being taken up, and goes on when they are", async () => {
    isBusy = true
    add(300)
    await settled()
    expect(commits).toEqual([])
    isBusy = false
    writer.goOn()
    await settled()
    expect(commits).toHaveLength(3)
  })

  it("takes first what somebody waits for, at once, and what fits beside it", async () => {
    isBusy = true
    add(150)
    writer.add(
      decisionOf("asked"),
      true,
      () => events.push("recorded asked"),
      () => {}
    )
    await settled()
    expect(commits.map((changes) => changes.length)).toEqual([100])
    expect(events.slice(0, 2)).toEqual(["told 100", "recorded asked"])
  })

  it("does not wait with too many of them: it writes until they are as many as may wait", async () => {
    isBusy = true
    add(1000)
    await settled()
    expect(commits).toEqual([])
    add(150)
    await settled()
    expect(commits.map((changes) => changes.length)).toEqual([100, 100])
  })
})
