import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { TimingWheel } from "../../../../src/services/hot/TimingWheel.ts"

/** Owners that expire in the next `ticks` ticks, with the tick at which each did. */
const advance = <T>(
  wheel: TimingWheel<T>,
  ticks: number
): ReadonlyArray<readonly [tick: number, owner: T]> => {
  const expired: Array<readonly [number, T]> = []
  for (let i = 0; i < ticks; i++) {
    wheel.advance((owner) => {
      // A broken chain may have no end.
      if (expired.push([wheel.now, owner]) > 10_000) throw new Error("the wheel does not stop")
    })
  }
  return expired
}

describe("a timing wheel", () => {
  it.each([1, 2, 7, 8, 9, 16, 17, 100, 800])("of 8 buckets calls after exactly %d ticks, once", (ticks) => {
    const wheel = new TimingWheel<string>(8)
    wheel.schedule(wheel.open("a"), ticks)
    expect(advance(wheel, ticks - 1)).toEqual([])
    expect(advance(wheel, 1)).toEqual([[ticks, "a"]])
    expect(advance(wheel, 100)).toEqual([])
  })

  it("keeps timers of one bucket apart, however many turns they wait", () => {
    const wheel = new TimingWheel<number>(8)
    for (const turns of [3, 0, 2, 1, 0]) wheel.schedule(wheel.open(turns), turns * 8 + 5)
    const expired = advance(wheel, 40).map(([tick, turns]) => [tick, turns])
    expect(expired.sort()).toEqual([
      [13, 1],
      [21, 2],
      [29, 3],
      [5, 0],
      [5, 0]
    ])
  })

  it("replaces what was scheduled before, and cancels it", () => {
    const wheel = new TimingWheel<string>(8)
    const [a, b] = [wheel.open("a"), wheel.open("b")]
    wheel.schedule(a, 2)
    wheel.schedule(a, 5)
    wheel.schedule(b, 3)
    wheel.cancel(b)
    wheel.cancel(b)
    expect(advance(wheel, 10)).toEqual([[5, "a"]])
    wheel.schedule(b, 1)
    expect(advance(wheel, 1)).toEqual([[11, "b"]])
  })

  it("forgets a timer that is closed, and uses its number again", () => {
    const wheel = new TimingWheel<string>(8)
    const [a, b] = [wheel.open("a"), wheel.open("b")]
    wheel.schedule(a, 2)
    wheel.schedule(b, 2)
    wheel.close(a)
    expect(wheel.size).toBe(1)
    const c = wheel.open("c")
    expect(c).toBe(a)
    wheel.schedule(c, 3)
    expect(advance(wheel, 5)).toEqual([
      [2, "b"],
      [3, "c"]
    ])
  })

  it("grows with its timers, and gives each a number of its own", () => {
    const wheel = new TimingWheel<number>(8)
    const timers = Array.from({ length: 5000 }, (_, i) => wheel.open(i))
    expect(new Set(timers).size).toBe(5000)
    for (const timer of timers) wheel.schedule(timer, 1 + (timer % 50))
    expect(wheel.size).toBe(5000)
    const expired = advance(wheel, 50)
    expect(expired).toHaveLength(5000)
    expect(expired.every(([tick, owner]) => tick === 1 + (owner % 50))).toBe(true)
  })
})

describe("while timers expire", () => {
  it("one may schedule itself again: at the earliest for the next tick", () => {
    const wheel = new TimingWheel<string>(8)
    const a = wheel.open("a")
    wheel.schedule(a, 1)
    const ticks: Array<number> = []
    for (let i = 0; i < 20; i++)
      wheel.advance(() => {
        ticks.push(wheel.now)
        wheel.schedule(a, ticks.length === 1 ? 8 : 1)
      })
    expect(ticks.slice(0, 4)).toEqual([1, 9, 10, 11])
  })

  it("one may close, cancel or put off another that is due in the same tick", () => {
    const wheel = new TimingWheel<string>(8)
    const timers = new Map(["a", "b", "c", "d"].map((name) => [name, wheel.open(name)]))
    for (const timer of timers.values()) wheel.schedule(timer, 3)
    const expired: Array<string> = []
    const onExpired = (name: string) => {
      expired.push(`${name} ${wheel.now}`)
      if (expired.length > 1) return
      const [closed, cancelled, putOff] = [...timers.keys()].filter((other) => other !== name)
      wheel.close(timers.get(closed!)!)
      wheel.cancel(timers.get(cancelled!)!)
      wheel.schedule(timers.get(putOff!)!, 2)
    }
    for (let i = 0; i < 20; i++) wheel.advance(onExpired)
    expect(expired).toHaveLength(2)
    expect(expired.map((entry) => entry.split(" ")[1])).toEqual(["3", "5"])
    expect(wheel.size).toBe(3)
  })

  it("a number that is closed and opened again belongs to its new owner alone", () => {
    const wheel = new TimingWheel<string>(8)
    const [a, b] = [wheel.open("a"), wheel.open("b")]
    wheel.schedule(a, 1)
    wheel.schedule(b, 1)
    const expired: Array<string> = []
    wheel.advance((owner) => {
      expired.push(owner)
      if (expired.length > 1) return
      const other = owner === "a" ? b : a
      wheel.close(other)
      expect(wheel.open("new")).toBe(other)
    })
    expect(expired).toHaveLength(1)
    for (let i = 0; i < 20; i++) wheel.advance((owner) => expired.push(owner))
    expect(expired).toHaveLength(1)
  })
})

/** What may be done to a timer: inside `expired`, the timer is chosen by the same numbers. */
type Act =
  | { readonly open: true }
  | { readonly close: number }
  | { readonly cancel: number }
  | { readonly schedule: number; readonly ticks: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Act>({ open: true }) },
  { weight: 2, arbitrary: fc.nat(99).map((close): Act => ({ close })) },
  { weight: 1, arbitrary: fc.nat(99).map((cancel): Act => ({ cancel })) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.nat(99), fc.integer({ min: 1, max: 40 }))
      .map(([schedule, ticks]): Act => ({ schedule, ticks }))
  }
)

/** Between ticks; and for each timer that expires, in turn. */
const turn = fc.record({ acts: fc.array(act, { maxLength: 5 }), inside: fc.array(act, { maxLength: 4 }) })

/** A wheel and what it should be: a map from owner to the tick at which it is due. */
class Both {
  readonly wheel: TimingWheel<number>
  readonly open: Array<{ readonly owner: number; readonly timer: number }> = []
  readonly due = new Map<number, number>()
  #owners = 0

  constructor(buckets: number) {
    this.wheel = new TimingWheel(buckets)
  }

  do(act: Act): void {
    const { wheel } = this
    if ("open" in act) {
      const owner = this.#owners++
      const timer = wheel.open(owner)
      expect(this.open.some((other) => other.timer === timer)).toBe(false)
      this.open.push({ owner, timer })
    } else if (this.open.length > 0) {
      const at = ("close" in act ? act.close : "cancel" in act ? act.cancel : act.schedule) % this.open.length
      const { owner, timer } = this.open[at]!
      this.due.delete(owner)
      if ("close" in act) {
        wheel.close(timer)
        this.open.splice(at, 1)
      } else if ("cancel" in act) wheel.cancel(timer)
      else {
        wheel.schedule(timer, act.ticks)
        this.due.set(owner, wheel.now + act.ticks)
      }
    }
  }

  /** One tick: everyone who expires is due now, and nobody who is due stays. */
  tick(inside: ReadonlyArray<Act>): void {
    const acts = [...inside]
    this.wheel.advance((owner) => {
      expect(this.due.get(owner)).toBe(this.wheel.now)
      this.due.delete(owner)
      const next = acts.shift()
      if (next !== undefined) this.do(next)
    })
    expect([...this.due].filter(([, at]) => at <= this.wheel.now)).toEqual([])
    expect(this.wheel.size).toBe(this.open.length)
  }
}

describe("any use of a timing wheel", () => {
  it("is as of a sorted map of due times, over many turns, also from inside of `expired`", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.array(turn, { maxLength: 80 }), (buckets, turns) => {
        const both = new Both(buckets)
        for (const { acts, inside } of turns) {
          for (const act of acts) both.do(act)
          both.tick(inside)
        }
        for (let i = 0; i < 45; i++) both.tick([])
        expect(both.due.size).toBe(0)
      }),
      { numRuns: 300 }
    )
  })
})
