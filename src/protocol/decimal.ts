/** Decimal numbers of any length as text, compared exactly: as doubles 0.1 + 0.2 is not 0.3, and 9007199254740993 is 9007199254740992. */

/** ± 0.DIGITS × 10^exponent. Zero has no digits, and neither sign nor exponent. */
export interface Decimal {
  readonly isNegative: boolean
  /** Without zeros at either end. */
  readonly digits: string
  readonly exponent: number
}

const FORM = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,9}))?$/
const ZERO: Decimal = { isNegative: false, digits: "", exponent: 0 }
const CODE_0 = 0x30

/** "-12.50", "7.", ".5", "1e6"; undefined for what is not a number in this form. The power of ten may have nine digits. */
export const parseDecimal = (text: string): Decimal | undefined => {
  const found = FORM.exec(text)
  if (found === null) return undefined
  const [, sign, whole = "", behindWhole = "", behindPoint = "", power = "0"] = found
  const all = whole + behindWhole + behindPoint
  let start = 0
  while (all.charCodeAt(start) === CODE_0) start++
  if (start === all.length) return ZERO
  let end = all.length
  while (all.charCodeAt(end - 1) === CODE_0) end--
  return {
    isNegative: sign === "-",
    digits: all.slice(start, end),
    exponent: whole.length - start + Number(power)
  }
}

/** Below 0 where `one` is less than `other`, 0 where they are equal, above 0 otherwise. */
export const compareDecimals = (one: Decimal, other: Decimal): number => {
  const sign = signOf(one)
  if (sign !== signOf(other)) return sign - signOf(other)
  return sign < 0 ? compareSizes(other, one) : compareSizes(one, other)
}

const signOf = ({ digits, isNegative }: Decimal): number => (digits === "" ? 0 : isNegative ? -1 : 1)

const compareSizes = (one: Decimal, other: Decimal): number => {
  if (one.exponent !== other.exponent) return one.exponent - other.exponent
  // Digits behind the point: the order of numbers is that of text.
  return one.digits < other.digits ? -1 : one.digits > other.digits ? 1 : 0
}
