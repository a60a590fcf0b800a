/**
 * How often somebody may try to log in: 5 times a minute from one address, and 50 times from all of them. An attempt counts when it begins, so
 * that many at once are many, and counts no more when it was right.
 *
 * It remembers at most as many attempts as all addresses may make.
 */
const WINDOW_MS = 60_000
const OF_ADDRESS = 5
const OF_ALL = 50

export class LogInAttempts {
  /** Oldest first. */
  #attempts: Array<{ readonly address: string; readonly at: number }> = []

  /**
   * Begins one.
   *
   * @param now milliseconds since the epoch
   * @returns milliseconds until one may begin; 0: it has begun
   */
  begin(address: string, now: number): number {
    this.#attempts = this.#attempts.filter(({ at }) => at > now - WINDOW_MS && at <= now)
    const same = this.#attempts.filter((one) => one.address === address)
    const first =
      this.#attempts.length >= OF_ALL ? this.#attempts[0] : same.length >= OF_ADDRESS ? same[0] : undefined
    if (first !== undefined) return first.at + WINDOW_MS - now
    this.#attempts.push({ address, at: now })
    return 0
  }

  /** Who was right may try as often again. */
  succeeded(address: string): void {
    this.#attempts = this.#attempts.filter((one) => one.address !== address)
  }
}
