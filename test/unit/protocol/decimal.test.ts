import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compareDecimals, parseDecimal } from "../../../src/protocol/decimal.ts"

const compare = (one: string, other: string) =>
  Math.sign(compareDecimals(parseDecimal(one)!, parseDecimal(other)!))

/** mantissa / 10^places, and one of the ways to write it. */
interface Written {
  readonly mantissa: bigint
  readonly places: number
  readonly text: string
}

const written: fc.Arbitrary<Written> = fc
  .record({
    mantissa: fc.oneof(
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
      fc.bigInt({ min: -30n, max: 30n })
    ),
    places: fc.nat(45),
    leading: fc.nat(3),
    trailing: fc.nat(3),
    plus: fc.boolean(),
    power: fc.option(fc.integer({ min: -50, max: 50 }))
  })
  .map(({ mantissa, places, leading, trailing, plus, power }) => {
    // mantissa / 10^places = the same mantissa with the point moved by the power of ten.
    const shown = places + (power ?? 0)
    const size = (mantissa < 0n ? -mantissa : mantissa).toString()
    const digits = shown >= 0 ? size.padStart(shown + 1, "0") : size + "0".repeat(-shown)
    const whole = "0".repeat(leading) + (shown > 0 ? digits.slice(0, -shown) : digits)
    const fraction = (shown > 0 ? digits.slice(-shown) : "") + "0".repeat(trailing)
    const sign = mantissa < 0n ? "-" : plus ? "+" : ""
    const exponent = power === null ? "" : `e${power}`
    return { mantissa, places, text: `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}${exponent}` }
  })

describe("decimals", () => {
  it("compare as whole numbers do when both are multiplied", () => {
    fc.assert(
      fc.property(written, written, (one, other) => {
        const left = one.mantissa * 10n ** BigInt(other.places)
        const right = other.mantissa * 10n ** BigInt(one.places)
        expect(compare(one.text, other.text)).toBe(left < right ? -1 : left > right ? 1 : 0)
      }),
      { numRuns: 5000 }
    )
  })

  it("compare as doubles do that are far enough apart", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), (one, other) => {
        expect(compare(String(one), String(other))).toBe(one < other ? -1 : one > other ? 1 : 0)
      })
    )
  })

  it.each([
    ["9007199254740992", "9007199254740993", -1],
    ["0.1", "0.10000000000000000001", -1],
    ["0.3", "0.30000000000000004", -1],
    ["10", "9", 1],
    ["-10", "-9", -1],
    ["-1", "1", -1],
    ["-0.0", "+0", 0],
    ["0e5", "-0", 0],
    ["1.50", "1.5", 0],
    ["007", "7.", 0],
    [".5", "0.5", 0],
    ["1e3", "1000", 0],
    ["1E-3", ".001", 0],
    ["1e999999999", "1", 1],
    ["1e-999999999", "0", 1],
    ["-1e999999999", "-1e-999999999", -1]
  ])("%s and %s", (one, other, order) => {
    expect(compare(one, other)).toBe(order)
    expect(compare(other, one)).toBe(order === 0 ? 0 : -order)
  })

  it.each([
    "",
    " ",
    "a",
    "1a",
    "1 ",
    " 1",
    "1,5",
    "1_000",
    ".",
    "-",
    "+-1",
    "--1",
    "1.2.3",
    "e5",
    "1e",
    "1e1.5"
  ])("'%s' is none", (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  })

  it.each(["0x10", "Infinity", "NaN", "1e1234567890", "1n", "١"])("'%s' is none", (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  })
})
