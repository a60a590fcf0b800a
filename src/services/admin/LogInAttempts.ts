/**
 * How often somebody may try to log in: 5 times a minute from one address, and 50 times from all of them. An attempt counts when it begins, so
 * that many at once are many, and counts no more when it was right. Of IPv6, the 64 bits of the network are the address: a host has all of it.
 *
 * It remembers at most as many attempts as all addresses may make.
 */
import { isIPv6 } from "node:net"

const WINDOW_MS = 60_000
const OF_ADDRESS = 5
const OF_ALL = 50

/** The first four groups of an IPv6 address; any other as it is. */
const networkOf = (address: string): string => {
  if (!isIPv6(address) || address.includes(".")) return address
  const [head = "", tail] = address.split("::")
  const groups = head === "" ? [] : head.split(":")
  const rest = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - groups.length - rest.length }, () => "0")
  return [...groups, ...zeros, ...rest].slice(0, 4).join(":")
}

export class LogInAttempts {
  /** Oldest first. */
  #attempts: Array<{ readonly network: string; readonly at: number }> = []

  /**
   * Begins one.
   *
   * @param now milliseconds since the epoch
   * @returns milliseconds until one may begin; 0: it has begun
   */
  begin(address: string, now: number): number {
    const network = networkOf(address)
    this.#attempts = this.#attempts.filter(({ at }) => at > now - WINDOW_MS && at <= now)
    const same = this.#attempts.filter((one) => one.network === network)
    const first =
      this.#attempts.length >= OF_ALL ? this.#attempts[0] : same.length >= OF_ADDRESS ? same[0] : undefined
    if (first !== undefined) return first.at + WINDOW_MS - now
    this.#attempts.push({ network, at: now })
    return 0
  }

  /** Who was right may try as often again. */
  succeeded(address: string): void {
    const network = networkOf(address)
    this.#attempts = this.#attempts.filter((one) => one.network !== network)
  }
}
