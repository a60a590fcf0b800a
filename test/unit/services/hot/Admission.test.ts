import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Admission } from "../../../../src/services/hot/Admission.ts"

const NO_LIMIT = Number.POSITIVE_INFINITY

/** Of `count` handshakes at one moment, those that are admitted. */
const admitted = (admission: Admission, count: number, now: number, address = "a") =>
  Array.from({ length: count }, () => admission.admit(address, now)).filter(
    (refusal) => refusal === undefined
  ).length

describe("the capacity", () => {
  it("refuses what is beyond it with 503 and a time to come back, until one is released", () => {
    const admission = new Admission(2, 0, 0)
    expect(admitted(admission, 3, 0)).toBe(2)
    expect(admission.admit("b", 0)).toMatchObject({ status: 503, reason: "capacity", retryAfterSeconds: 10 })
    admission.release("a")
    expect(admitted(admission, 3, 0)).toBe(1)
  })
})

describe("the limit for each address", () => {
  it("refuses what is beyond it with 429, and leaves other addresses alone", () => {
    const admission = new Admission(NO_LIMIT, 0, 2)
    expect(admitted(admission, 3, 0, "a")).toBe(2)
    expect(admission.admit("a", 0)).toMatchObject({ status: 429, reason: "address", retryAfterSeconds: 10 })
    expect(admitted(admission, 3, 0, "b")).toBe(2)
    admission.release("a")
    expect(admitted(admission, 3, 0, "a")).toBe(1)
    expect(admitted(admission, 3, 0, "b")).toBe(0)
  })

  it("is off at 0", () => {
    expect(admitted(new Admission(NO_LIMIT, 0, 0), 1000, 0)).toBe(1000)
  })

  it("takes no token from others for what it refuses", () => {
    const admission = new Admission(NO_LIMIT, 3, 1)
    expect(admitted(admission, 10, 0, "a")).toBe(1)
    expect(admission.admit("b", 0)).toBeUndefined()
    expect(admission.admit("c", 0)).toBeUndefined()
    expect(admission.admit("d", 0)?.reason).toBe("rate")
  })
})

describe("the rate of handshakes", () => {
  it("lets a burst of one second's worth through, and then 503", () => {
    const admission = new Admission(NO_LIMIT, 10, 0)
    expect(admitted(admission, 20, 5000)).toBe(10)
    expect(admission.admit("a", 5000)).toMatchObject({ status: 503, reason: "rate", retryAfterSeconds: 1 })
  })

  it("earns tokens with time, and no more than one second's worth", () => {
    const admission = new Admission(NO_LIMIT, 10, 0)
    admitted(admission, 10, 0)
    expect(admitted(admission, 5, 99)).toBe(0)
    expect(admitted(admission, 5, 100)).toBe(1)
    expect(admitted(admission, 9, 450)).toBe(3)
    expect(admitted(admission, 99, 1_000_000)).toBe(10)
  })

  it("adds up fractions of tokens", () => {
    const admission = new Admission(NO_LIMIT, 1, 0)
    admitted(admission, 1, 0)
    const admittedAt = Array.from({ length: 30 }, (_, i) => (i + 1) * 125).filter(
      (now) => admission.admit("a", now) === undefined
    )
    expect(admittedAt).toEqual([1000, 2000, 3000])
  })

  it("earns nothing when the clock goes back", () => {
    const admission = new Admission(NO_LIMIT, 10, 0)
    admitted(admission, 10, 5000)
    expect(admitted(admission, 5, 1000)).toBe(0)
  })

  it("holds over any window of time", () => {
    const gaps = fc.array(fc.nat(400), { minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), gaps, (perSecond, gaps) => {
        const admission = new Admission(NO_LIMIT, perSecond, 0)
        const times: Array<number> = []
        let now = 0
        for (const gap of gaps) {
          now += gap
          if (admission.admit("a", now) === undefined) times.push(now)
        }
        times.forEach((from, i) => {
          times.slice(i).forEach((to, j) => {
            expect(j + 1).toBeLessThanOrEqual(perSecond + ((to - from) * perSecond) / 1000 + 1e-6)
          })
        })
      })
    )
  })
})

const visit = fc.record({ address: fc.constantFrom("a", "b", "c"), leaves: fc.boolean() })

describe("any coming and going", () => {
  it("is counted in all and for each address", () => {
    fc.assert(
      fc.property(
        fc.nat(8),
        fc.nat(4),
        fc.array(visit, { maxLength: 80 }),
        (capacity, perAddress, visits) => {
          const admission = new Admission(capacity, 0, perAddress)
          const live: Array<string> = []
          for (const { address, leaves } of visits) {
            const at = live.indexOf(address)
            if (leaves) {
              if (at < 0) continue
              live.splice(at, 1)
              admission.release(address)
            } else {
              const ofAddress = live.filter((other) => other === address).length
              const expected =
                live.length >= capacity
                  ? "capacity"
                  : perAddress > 0 && ofAddress >= perAddress
                    ? "address"
                    : undefined
              expect(admission.admit(address, 0)?.reason).toBe(expected)
              if (expected === undefined) live.push(address)
            }
          }
        }
      )
    )
  })
})
