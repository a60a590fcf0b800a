import { describe, expect, it } from "vitest"
import { LogInAttempts } from "../../../../src/services/admin/LogInAttempts.ts"

const MINUTE = 60_000
const NOW = 1_700_000_000_000

/** How many of these attempts, a millisecond apart, are let through. */
const letThrough = (attempts: LogInAttempts, addresses: ReadonlyArray<string>, from = NOW) =>
  addresses.filter((address, at) => attempts.begin(address, from + at) === 0).length

const times = (count: number, address: string) => Array.from({ length: count }, () => address)

describe("attempts to log in", () => {
  it("of one address are five a minute", () => {
    const attempts = new LogInAttempts()
    expect(letThrough(attempts, times(9, "a"))).toBe(5)
    expect(letThrough(attempts, times(9, "b"))).toBe(5)
  })

  it("tell when there may be one again, and then there may", () => {
    const attempts = new LogInAttempts()
    for (const second of [0, 1, 2, 3, 4]) attempts.begin("a", NOW + second * 1000)
    expect(attempts.begin("a", NOW + 10_000)).toBe(MINUTE - 10_000)
    expect(attempts.begin("a", NOW + MINUTE - 1)).toBe(1)
    expect(attempts.begin("a", NOW + MINUTE)).toBe(0)
    // The second one is still within the minute.
    expect(attempts.begin("a", NOW + MINUTE)).toBe(1000)
  })

  it("that are refused do not count: who waits gets in", () => {
    const attempts = new LogInAttempts()
    letThrough(attempts, times(5, "a"))
    for (let ms = 100; ms < MINUTE; ms += 100) expect(attempts.begin("a", NOW + ms)).toBeGreaterThan(0)
    expect(attempts.begin("a", NOW + MINUTE)).toBe(0)
  })

  it("of all addresses together are fifty a minute", () => {
    const attempts = new LogInAttempts()
    const addresses = Array.from({ length: 60 }, (_, i) => `10.0.0.${i}`)
    expect(letThrough(attempts, addresses)).toBe(50)
    expect(attempts.begin("10.0.1.1", NOW + 60)).toBe(MINUTE - 60)
    expect(letThrough(attempts, addresses, NOW + 2 * MINUTE)).toBe(50)
  })

  it("of a network of IPv6 are those of one address", () => {
    const attempts = new LogInAttempts()
    const same = [
      "2001:db8:0:1::1",
      "2001:db8:0:1::2",
      "2001:db8:0:1:a:b:c:d",
      "2001:db8:0:1:ffff::",
      "2001:db8::1:0:0:0:9"
    ]
    expect(letThrough(attempts, [...same, "2001:db8:0:1::77"])).toBe(5)
    expect(letThrough(attempts, ["2001:db8:0:2::1", "::1", "::ffff:10.0.0.1"])).toBe(3)
    attempts.succeeded("2001:db8:0:1::99")
    expect(letThrough(attempts, same, NOW + 100)).toBe(5)
  })

  it("of who was right count no more, those of others do", () => {
    const attempts = new LogInAttempts()
    letThrough(attempts, [...times(5, "a"), ...times(5, "b")])
    attempts.succeeded("a")
    expect(letThrough(attempts, [...times(9, "a"), ...times(9, "b")], NOW + 100)).toBe(5)
  })

  it("are forgotten by a clock that was set back, and keep nobody out for long", () => {
    const attempts = new LogInAttempts()
    letThrough(attempts, times(5, "a"))
    expect(attempts.begin("a", NOW - 24 * 60 * MINUTE)).toBe(0)
  })
})
