/** When the latest events happened: how many there were since a moment, for moments not long past. */

/** Events that are remembered; with more since a moment, the answer is this many. At 50,000 a second it is over a second. */
export const MAX_TIMES = 65_536

export class RecentTimes {
  private readonly times = new Float64Array(MAX_TIMES).fill(Number.NEGATIVE_INFINITY)
  private next = 0

  /** Times never go back. */
  add(time: number): void {
    this.times[this.next] = time
    this.next = (this.next + 1) % MAX_TIMES
  }

  /** Events at or after `time`. */
  since(time: number): number {
    let count = 0
    while (count < MAX_TIMES && this.times[(this.next - 1 - count + MAX_TIMES) % MAX_TIMES]! >= time) count++
    return count
  }
}
