/** The payload of a broadcast: the epoch milliseconds of its sending as 13 decimal ASCII digits. */

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
