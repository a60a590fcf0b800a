import { describe, expect, it } from "vitest"
import { addRates, Meter } from "../../../../src/client/metrics/Meter.ts"

const MINUTE = 60_000

describe("the weighted rates", () => {
  // Three events in the first five seconds, then none: 0.6 a second, decaying by e^(-1/minutes) a minute.
  const afterMinutes = (minutes: number) => {
    const meter = new Meter(1_000)
    meter.mark(1_000, 3)
    return meter.rates(1_000 + 5_001 + minutes * MINUTE)
  }

  it("start at the rate of the first five seconds", () => {
    expect(afterMinutes(0)).toMatchObject({ oneMinute: 0.6, fiveMinutes: 0.6, fifteenMinutes: 0.6 })
  })

  it.each([
    [1, 0.22072766, 0.49123845, 0.56130419],
    [2, 0.08120117, 0.40219203, 0.52510399],
    [5, 0.00404277, 0.22072766, 0.42991879],
    [15, 0.00000018, 0.02987224, 0.22072766]
  ])("decay as known after %i minutes without events", (minutes, one, five, fifteen) => {
    const rates = afterMinutes(minutes)
    expect(rates.oneMinute).toBeCloseTo(one, 7)
    expect(rates.fiveMinutes).toBeCloseTo(five, 7)
    expect(rates.fifteenMinutes).toBeCloseTo(fifteen, 7)
  })

  it("are 0 until the first five seconds are over", () => {
    const meter = new Meter(0)
    meter.mark(10, 100)
    expect(meter.rates(5_000).oneMinute).toBe(0)
    expect(meter.rates(5_001).oneMinute).toBe(20)
  })

  it("hold a steady rate however seldom they are asked", () => {
    const meter = new Meter(0)
    for (let now = 0; now < 30 * MINUTE; now += 100) meter.mark(now, 7)
    const { oneMinute, fifteenMinutes } = meter.rates(30 * MINUTE)
    expect(oneMinute).toBeCloseTo(70, 0)
    expect(fifteenMinutes).toBeCloseTo(70, 0)
  })

  it("reading them late or often gives the same", () => {
    const often = new Meter(0)
    const late = new Meter(0)
    for (const meter of [often, late]) meter.mark(0, 50)
    for (let now = 0; now <= 10 * MINUTE; now += 1_000) often.rates(now)
    const end = 10 * MINUTE + 1
    expect(often.rates(end).fiveMinutes).toBeCloseTo(late.rates(end).fiveMinutes, 9)
  })
})

describe("the meter", () => {
  it("counts and has the mean since it was made", () => {
    const meter = new Meter(5_000)
    expect(meter.rates(5_000)).toMatchObject({ count: 0, mean: 0 })
    meter.mark(6_000)
    meter.mark(7_000, 4)
    expect(meter.rates(7_500)).toMatchObject({ count: 5, mean: 2 })
  })

  it("of several processes adds up", () => {
    const meters = [new Meter(0), new Meter(0)]
    for (const meter of meters) meter.mark(0, 50)
    const sum = addRates(meters.map((meter) => meter.rates(5_001)))
    expect(sum).toMatchObject({ count: 100, oneMinute: 20, fifteenMinutes: 20 })
  })
})
