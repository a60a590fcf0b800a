/** The message of a round: "T=" and the nanoseconds of its sending on the driver's clock, as 16 hex digits, padded. */

export const PAYLOAD_BYTES = 32
const DIGITS = 16
const [T, EQUALS, ZERO, A] = [0x54, 0x3d, 0x30, 0x61]

export const payload = (stamp: number): string =>
  `T=${stamp.toString(16).padStart(DIGITS, "0")}`.padEnd(PAYLOAD_BYTES, "x")

/** The stamp of the payload that starts at `at`, or -1 where there is none. */
export const stampAt = (bytes: Uint8Array, at: number): number => {
  if (bytes[at] !== T || bytes[at + 1] !== EQUALS) return -1
  let stamp = 0
  for (let i = at + 2; i < at + 2 + DIGITS; i++) {
    const char = bytes[i]!
    const digit = char >= A ? char - A + 10 : char - ZERO
    if (digit < 0 || digit > 15) return -1
    stamp = stamp * 16 + digit
  }
  return stamp
}
