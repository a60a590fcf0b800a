import { describe, expect, it } from "vitest"
import { SessionTimers, type Timed } from "../../../../src/services/sessions/SessionTimers.ts"

/** Something that is due at some ticks, and takes down when it was called. */
class Alarm implements Timed {
  timer = -1
  readonly calls: Array<number> = []

  constructor(
    readonly timers: SessionTimers,
    public at: Array<number>
  ) {}

  nextDue(): number {
    return this.at[0] ?? 0
  }

  due(now: number): void {
    this.calls.push(now)
    this.at = this.at.filter((tick) => tick > now)
  }
}

const advance = (timers: SessionTimers, ticks: number): void => {
  for (let i = 0; i < ticks; i++) timers.tick()
}

describe("a tick", () => {
  it.each([
    [25_000, 500],
    [8000, 500],
    [1600, 100],
    [160, 10],
    [1, 5]
  ])("keeps a shortest time of %i ms to a part of it: %i ms", (shortest, tick) => {
    expect(new SessionTimers(shortest).tickMs).toBe(tick)
  })

  it("is never before its time", () => {
    const timers = new SessionTimers(8000)
    expect([0, -5, 1, 500, 501, 1000].map((ms) => timers.in(ms))).toEqual([1, 1, 1, 1, 2, 2])
    advance(timers, 7)
    expect(timers.in(500)).toBe(8)
  })
})

describe("a timer", () => {
  it("calls when the first time has come, and then at the next one", () => {
    const timers = new SessionTimers(8000)
    const alarm = new Alarm(timers, [3, 5, 2000])
    timers.set(alarm)
    advance(timers, 2100)
    expect(alarm.calls).toEqual([3, 5, 2000])
  })

  it("is moved when a time is set anew, forth or back", () => {
    const timers = new SessionTimers(8000)
    const alarm = new Alarm(timers, [10])
    timers.set(alarm)
    alarm.at = [4]
    timers.set(alarm)
    advance(timers, 4)
    expect(alarm.calls).toEqual([4])
    alarm.at = [6]
    timers.set(alarm)
    alarm.at = [20]
    timers.set(alarm)
    advance(timers, 30)
    // At 6 it is not due any more; looking then costs nothing.
    expect(alarm.calls.at(-1)).toBe(20)
  })

  it("is silent without a time, and when it has been cleared", () => {
    const timers = new SessionTimers(8000)
    const [never, cleared] = [new Alarm(timers, []), new Alarm(timers, [2])]
    timers.set(never)
    expect(never.timer).toBe(-1)
    timers.set(cleared)
    timers.clear(cleared)
    timers.clear(cleared)
    advance(timers, 10)
    expect([...never.calls, ...cleared.calls]).toEqual([])
    expect(cleared.timer).toBe(-1)
  })

  it("may clear itself and others when it is called", () => {
    const timers = new SessionTimers(8000)
    const others = Array.from({ length: 5 }, () => new Alarm(timers, [2]))
    for (const other of others) {
      other.due = function (now) {
        this.calls.push(now)
        for (const one of others) timers.clear(one)
      }
      timers.set(other)
    }
    advance(timers, 5)
    expect(others.flatMap(({ calls }) => calls)).toEqual([2])
  })
})
