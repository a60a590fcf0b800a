import { describe, expect, it } from "vitest"
import type { ProcessState } from "../../../src/protocol/dashboard.ts"
import {
  append,
  gauge,
  MAX_LINES,
  MAX_OVERVIEWS,
  merge,
  perProcess,
  rate,
  timeline
} from "../../../src/ui/dashboard/overview/timeline.ts"
import { overviewAt as at } from "../../support/overview.ts"

describe("overviews over time", () => {
  it("counters become rates, whatever the time between", () => {
    const ticks = timeline([at(1_000, { opened: 10 }), at(2_000, { opened: 15 }), at(4_000, { opened: 25 })])
    expect(rate(ticks, ({ opened }) => opened)).toEqual([null, 5, 5])
    expect(gauge(ticks, ({ opened }) => opened)).toEqual([10, 15, 25])
  })

  it("a time in which nobody looked is a gap, in the line and in the rates", () => {
    const ticks = timeline([at(1_000), at(2_000), at(60_000, { opened: 500 }), at(61_000, { opened: 510 })])
    expect(ticks.map(({ at }) => at)).toEqual([1_000, 2_000, 31_000, 60_000, 61_000])
    expect(rate(ticks, ({ opened }) => opened)).toEqual([null, 0, null, null, 10])
    expect(gauge(ticks, ({ opened }) => opened)).toEqual([0, 0, null, 500, 510])
  })

  it("gaps after a gap are gaps", () => {
    const ticks = timeline([0, 1, 2, 37, 72, 73, 74, 100].map((second) => at(second * 1_000)))
    expect(ticks.flatMap((tick) => (tick.now === null ? [tick.at] : []))).toEqual([19_500, 54_500, 87_000])
  })

  it("a server that looks less often has no gaps", () => {
    const ticks = timeline([at(0), at(4_000), at(10_000), at(18_000)])
    expect(ticks.every(({ now }) => now !== null)).toBe(true)
  })

  it("another life begins anew: no rate is over a restart", () => {
    const ticks = timeline([
      at(1_000, { opened: 500 }),
      at(2_000, { opened: 600, life: "b" }),
      at(3_000, { opened: 604, life: "b" })
    ])
    expect(rate(ticks, ({ opened }) => opened)).toEqual([null, null, null, 4])
    expect(gauge(ticks, ({ opened }) => opened)).toEqual([500, null, 600, 604])
  })

  it("a second overview in the same moment makes no spike", () => {
    const ticks = timeline([at(1_000), at(2_000), at(2_020, { written: 30 }), at(3_000, { written: 40 })])
    expect(rate(ticks, ({ written }) => written)).toEqual([null, 0, 40])
    expect(timeline([at(1_000), at(1_001, { life: "b" })])).toHaveLength(3)
  })

  it("a counter that fell has no rate", () => {
    const ticks = timeline([at(1_000, { written: 10 }), at(2_000, { written: 4 }), at(3_000, { written: 6 })])
    expect(rate(ticks, ({ written }) => written)).toEqual([null, null, 2])
  })

  it("a reason that was not there has no value", () => {
    const ticks = timeline([at(1_000), at(2_000, { dropped: { slow: 3 } })])
    expect(gauge(ticks, ({ dropped }) => dropped.slow)).toEqual([null, 3])
    expect(rate(ticks, ({ dropped }) => dropped.slow ?? 0)).toEqual([null, 3])
  })
})

describe("two histories as one", () => {
  it("are in order, and have each moment once", () => {
    const merged = merge([at(3_000), at(4_000)], [at(1_000), at(3_000), at(2_000)])
    expect(merged.map(({ at }) => at)).toEqual([1_000, 2_000, 3_000, 4_000])
    expect(merge(merged, [at(5_000)]).map(({ at }) => at)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000])
    expect(merge(merged, [at(4_000)])).toHaveLength(4)
  })

  it("forget the oldest, sooner where there are many processes", () => {
    const long = Array.from({ length: MAX_OVERVIEWS + 5 }, (_, second) => at(second * 1_000))
    expect(merge([], long)).toHaveLength(MAX_OVERVIEWS)
    expect(merge([], long).at(-1)).toBe(long.at(-1))
    const processes = names(200)
    const wide = long.map((one) => ({ ...one, processes }))
    expect(merge([], wide)).toHaveLength(1_000)
  })
})

describe("an overview that was just pushed", () => {
  it("is the newest, also where the server's clock was set back", () => {
    const known = [at(1_000), at(60_000), at(61_000)]
    expect(append(known, at(62_000)).map(({ at }) => at)).toEqual([1_000, 60_000, 61_000, 62_000])
    expect(append(known, at(20_000)).map(({ at }) => at)).toEqual([1_000, 20_000])
  })

  it("may be one that is known, or came late", () => {
    const known = [at(1_000), at(2_000)]
    expect(append(known, at(2_000)).map(({ at }) => at)).toEqual([1_000, 2_000])
    expect(append(known, at(1_500)).map(({ at }) => at)).toEqual([1_000, 1_500, 2_000])
  })
})

describe("lines of processes", () => {
  it("are one for each, a process that is away has a gap", () => {
    const ticks = timeline([at(1_000, { processes: names(1) }), at(2_000, { processes: names(2) })])
    expect(perProcess(ticks, gauge, ({ residentBytes }) => residentBytes)).toEqual([
      { label: "worker-0", values: [100, 100] },
      { label: "worker-1", values: [null, 101] }
    ])
  })

  it("are the highest, the middle and the lowest where there are many", () => {
    const ticks = timeline([at(1_000, { processes: names(MAX_LINES + 1) })])
    expect(perProcess(ticks, gauge, ({ residentBytes }) => residentBytes)).toEqual([
      { label: "highest of 7", values: [106] },
      { label: "median of 7", values: [103] },
      { label: "lowest of 7", values: [100] }
    ])
    expect(perProcess(ticks, rate, ({ cpuSeconds }) => cpuSeconds)[0]!.values).toEqual([null])
  })

  it("have no CPU for the second in which a process was started anew", () => {
    const ticks = timeline([
      at(1_000, { processes: names(1, 50) }),
      at(2_000, { processes: names(1, 1) }),
      at(3_000, { processes: names(1, 1.5) })
    ])
    expect(perProcess(ticks, rate, ({ cpuSeconds }) => cpuSeconds)[0]!.values).toEqual([null, null, 0.5])
  })
})

const names = (length: number, cpuSeconds = 0): ReadonlyArray<ProcessState> =>
  Array.from({ length }, (_, number) => ({
    name: `worker-${number}`,
    loopDelayMs: { p50: 1, p99: 2, max: 3 },
    cpuSeconds,
    residentBytes: 100 + number,
    heapBytes: 50
  }))
