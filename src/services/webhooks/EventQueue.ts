/**
 * Events on their way to the receiver, oldest first: told, then kept in the spool, then delivered. Bounded in number and bytes; what
 * does not fit is counted.
 */
export class EventQueue {
  private readonly events: Array<string> = []
  private bytes = 0
  /** How many of the events, from the oldest on, are kept; only those may be sent. */
  private kept = 0
  private unreported = 0
  /** Events that were lost, since start. */
  lost = 0

  constructor(
    private readonly maxEvents: number,
    private readonly maxBytes: number
  ) {}

  get size(): number {
    return this.events.length
  }

  /** Events that may be sent. */
  get ready(): number {
    return this.kept
  }

  /** Whether there was room. */
  offer(event: string): boolean {
    const size = Buffer.byteLength(event)
    if (this.events.length >= this.maxEvents || this.bytes + size > this.maxBytes) {
      this.lose(1)
      return false
    }
    this.events.push(event)
    this.bytes += size
    return true
  }

  lose(count: number): void {
    this.lost += count
    this.unreported += count
  }

  /** Lost events that no receiver knows of. */
  get lossToReport(): number {
    return this.unreported
  }

  reported(count: number): void {
    this.unreported -= count
  }

  /** What is to be kept. */
  toKeep(): ReadonlyArray<string> {
    return this.events.slice(this.kept)
  }

  keep(count: number): void {
    this.kept += count
  }

  /** The oldest events that may be sent: so many at most, and no more bytes than that, but at least one. */
  batch(maxEvents: number, maxBytes: number): ReadonlyArray<string> {
    const limit = Math.min(this.kept, maxEvents)
    let bytes = 0
    let count = 0
    while (count < limit) {
      bytes += Buffer.byteLength(this.events[count]!)
      if (bytes > maxBytes && count > 0) break
      count++
    }
    return this.events.slice(0, count)
  }

  /** The oldest so many are delivered, or given up. */
  remove(count: number): void {
    for (const event of this.events.splice(0, count)) this.bytes -= Buffer.byteLength(event)
    this.kept -= count
  }
}
