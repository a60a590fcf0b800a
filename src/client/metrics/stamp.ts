/** The stamp of a broadcast: the epoch milliseconds of its sending as 13 decimal ASCII digits. It is the payload, or in it. */

export const STAMP_DIGITS = 13
const ZERO = 0x30

/** The epoch milliseconds of a payload, or -1 where it is not 13 digits. */
export const stampOf = (bytes: Uint8Array): number => {
  if (bytes.length !== STAMP_DIGITS) return -1
  let stamp = 0
  for (let i = 0; i < STAMP_DIGITS; i++) {
    const digit = bytes[i]! - ZERO
    if (digit < 0 || digit > 9) return -1
    stamp = stamp * 10 + digit
  }
  return stamp
}

/** Bytes of a message in which a stamp is looked for. */
const MAX_LOOK = 256

/** Where the first 13 digits that stand alone begin, of the bytes from `from` up to `to`; -1 where there are none near the beginning. */
export const stampAt = (bytes: Uint8Array, from: number, to: number): number => {
  const end = Math.min(to, from + MAX_LOOK)
  let digits = 0
  for (let at = from; at < end; at++) {
    const digit = bytes[at]! - ZERO
    if (digit >= 0 && digit <= 9) digits++
    else if (digits === STAMP_DIGITS) return at - STAMP_DIGITS
    else digits = 0
  }
  return end === to && digits === STAMP_DIGITS ? end - STAMP_DIGITS : -1
}
