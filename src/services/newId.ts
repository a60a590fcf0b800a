/** New ids for what is kept in the store, in the order of time, so that what is made together lies together on the disk. */
import { randomUUID } from "node:crypto"

const TIME_DIGITS = 12

/**
 * A UUID of version 7 (RFC 9562, 5.7): the time in 48 bits, and what is random of version 4, which node makes ten times as fast as the libraries
 * that know version 7.
 * @param now milliseconds since the epoch
 */
export const newId = (now: number): string => {
  const time = Math.floor(now).toString(16).padStart(TIME_DIGITS, "0")
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}
