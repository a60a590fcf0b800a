/** When the latest events happened: how many there were since a moment, for moments not long past. */

/** Events that are remembered; with more since a moment, the answer is this many. At 50,000 a second it is over a second. */
export const MAX_TIMES = 65_536

export class RecentTimes {
  private readonly times = new Float64Array(MAX_TIMES).fill(Number.NEGATIVE_INFINITY)
  private readonly isTakenBack = new Uint8Array(MAX_TIMES)
  private next = 0

  /** Times never go back. */
  add(time: number): void {
    this.times[this.next] = time
    this.isTakenBack[this.next] = 0
    this.next = (this.next + 1) % MAX_TIMES
  }

  /** One event at this time did not happen, if it is still remembered. */
  takeBack(time: number): void {
    let [from, to] = [0, MAX_TIMES]
    while (from < to) {
      const middle = (from + to) >> 1
      if (this.times[this.indexOf(middle)]! > time) from = middle + 1
      else to = middle
    }
    for (let ago = from; ago < MAX_TIMES && this.times[this.indexOf(ago)] === time; ago++) {
      const index = this.indexOf(ago)
      if (this.isTakenBack[index] === 1) continue
      this.isTakenBack[index] = 1
      return
    }
  }

  /** Events at or after `time`. */
  since(time: number): number {
    let count = 0
    for (let ago = 0; ago < MAX_TIMES; ago++) {
      const index = this.indexOf(ago)
      if (this.times[index]! < time) break
      if (this.isTakenBack[index] === 0) count++
    }
    return count
  }

  /** Where an event stands: 0 is the latest. */
  private indexOf(ago: number): number {
    return (this.next - 1 - ago + MAX_TIMES) % MAX_TIMES
  }
}
