/**
 * How many copies of each broadcast arrived and when. A broadcast is known by its stamp, which is also its payload;
 * two broadcasts within one millisecond are therefore counted as one, with twice the copies.
 *
 * While connections are still being opened, nobody can tell from outside which of them a broadcast should reach. So a
 * connection that opened less than JOINING_MS before the stamp, or after it, is neither expected nor counted.
 */
import type { Broadcast, FoldedBroadcasts } from "../../protocol/report.ts"
import { RecentTimes } from "./RecentTimes.ts"
import { STAMP_DIGITS, stampOf } from "./stamp.ts"

/** Broadcasts told one by one; older ones are folded into one sum, which is counted. */
export const MAX_BROADCASTS = 1_000

/** A connection older than this at a broadcast's stamp was in the server's list; clocks of two processes differ by less. */
export const JOINING_MS = 10

/** A broadcast stamped less than this before several processes were asked for their figures may not have reached all of them yet. */
export const UNDER_WAY_MS = 100

export interface BroadcastsSnapshot {
  /** In the order of their stamps, MAX_BROADCASTS at most. */
  readonly broadcasts: ReadonlyArray<Broadcast>
  readonly folded: FoldedBroadcasts
  /** Messages that were not 13 digits. */
  readonly unstamped: number
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }
interface Entry extends Mutable<Broadcast> {
  readonly stamp: number
}

export class Broadcasts {
  private readonly byStamp = new Map<number, Entry>()
  /** The same in the order of their stamps. */
  private readonly entries: Array<Entry> = []
  private readonly folded = { broadcasts: 0, expected: 0, received: 0 }
  /** Of the folded ones those that lack copies, which may still come; MAX_BROADCASTS at most. */
  private readonly short = new Map<number, Entry>()
  /** Least share of a folded one that has nothing in `short`, in per cent. */
  private least = 100
  private foldedUpTo = -1
  private unstamped = 0
  /** The payload heard last and its entry: most messages of a broadcast come one behind the other. */
  private readonly lastBytes = new Uint8Array(STAMP_DIGITS)
  private last: Entry | undefined
  private readonly opens = new RecentTimes()

  /** A connection opened at `now`. */
  opened(now: number): void {
    this.opens.add(now)
  }

  /**
   * Counts one message and returns its latency in milliseconds, NaN where it carries no stamp. `now` is the epoch
   * time in milliseconds, fractional; `active` is how many connections are open, `openedAt` when this one opened.
   */
  hear(bytes: Uint8Array, now: number, active: number, openedAt: number): number {
    if (this.last === undefined || !isSame(bytes, this.lastBytes)) {
      const stamp = stampOf(bytes)
      if (stamp < 0) {
        this.unstamped++
        return Number.NaN
      }
      const entry = this.byStamp.get(stamp) ?? this.enter(stamp, now, active)
      if (entry === undefined) {
        this.hearFolded(stamp)
        return now - stamp
      }
      this.last = entry
      this.lastBytes.set(bytes)
    }
    const latency = now - this.last.stamp
    if (openedAt >= this.last.stamp - JOINING_MS) return latency
    if (this.last.received++ === 0) this.last.firstMs = latency
    this.last.lastMs = latency
    return latency
  }

  /**
   * Another process heard the broadcast with this stamp: it is expected here, too, whether a copy comes or not. Nothing happens where it is
   * known already.
   */
  expect(stamp: number, now: number, active: number): void {
    if (this.byStamp.has(stamp)) return
    const entry = this.enter(stamp, now, active)
    if (entry === undefined || (this.last !== undefined && this.last.stamp > stamp)) return
    this.last = entry
    this.lastBytes.set(Buffer.from(entry.id))
  }

  /** A connection that was there since `openedAt` is gone, or reads no more: it is none of those that have just opened. */
  gone(openedAt: number): void {
    this.opens.takeBack(openedAt)
  }

  /**
   * The client itself ended a connection that was there since `openedAt`, or had it stop reading. The broadcasts after `heard`, the stamp
   * of the latest that it heard, cannot reach it any more: they are not expected to. What a server ends is still expected: else it could
   * hide what it lost.
   */
  left(heard: number, openedAt: number): void {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const entry = this.entries[i]!
      if (entry.stamp <= heard || openedAt >= entry.stamp - JOINING_MS) return
      if (entry.expected > 0) entry.expected--
    }
  }

  /** Broadcasts stamped after one time and up to another; null where some of that time are folded away, and so are not known any more. */
  between(from: number, to: number): number | null {
    if (from < this.foldedUpTo) return null
    let count = 0
    for (const stamp of this.byStamp.keys()) if (stamp > from && stamp <= to) count++
    return count
  }

  /** The stamp of the latest broadcast; null before the first. */
  get latest(): number | null {
    return this.last === undefined ? null : this.last.stamp
  }

  /** Copies of the latest broadcast that are still to come. */
  get missing(): number {
    return this.last === undefined ? 0 : Math.max(0, this.last.expected - this.last.received)
  }

  snapshot(): BroadcastsSnapshot {
    const broadcasts = this.entries.map(({ stamp: _, ...broadcast }) => broadcast)
    const shares = [this.least, ...[...this.short.values()].map(shareOf)]
    const folded =
      this.folded.broadcasts === 0
        ? { ...this.folded }
        : { ...this.folded, leastDelivered: shares.reduce((least, share) => Math.min(least, share)) }
    return { broadcasts, folded, unstamped: this.unstamped }
  }

  /** The entry of a broadcast heard for the first time; undefined for a late copy of one that is folded away. */
  private enter(stamp: number, now: number, active: number): Entry | undefined {
    if (stamp <= this.foldedUpTo) return undefined
    const latency = now - stamp
    const id = String(stamp).padStart(STAMP_DIGITS, "0")
    const expected = Math.max(0, active - this.opens.since(stamp - JOINING_MS))
    const entry: Entry = { stamp, id, expected, received: 0, firstMs: latency, lastMs: latency }
    this.byStamp.set(stamp, entry)
    // Nearly always the newest: those of several servers come mixed.
    const older = this.entries.findLastIndex((known) => known.stamp < stamp)
    this.entries.splice(older + 1, 0, entry)
    if (this.entries.length > MAX_BROADCASTS) this.fold(this.entries.shift()!)
    return stamp <= this.foldedUpTo ? undefined : entry
  }

  /** A late copy of one that is folded away. */
  private hearFolded(stamp: number): void {
    this.folded.received++
    const entry = this.short.get(stamp)
    if (entry !== undefined && ++entry.received >= entry.expected) this.short.delete(stamp)
  }

  private fold(oldest: Entry): void {
    this.byStamp.delete(oldest.stamp)
    if (oldest.received < oldest.expected) this.short.set(oldest.stamp, oldest)
    if (this.short.size > MAX_BROADCASTS) {
      const [stamp, lost] = this.short.entries().next().value!
      this.short.delete(stamp)
      this.least = Math.min(this.least, shareOf(lost))
    }
    this.folded.broadcasts++
    this.folded.expected += oldest.expected
    this.folded.received += oldest.received
    this.foldedUpTo = Math.max(this.foldedUpTo, oldest.stamp)
    if (this.last === oldest) this.last = undefined
  }
}

/** What several processes heard of the same broadcasts, as if one had heard it. */
export const addBroadcasts = (all: ReadonlyArray<BroadcastsSnapshot>): BroadcastsSnapshot => {
  const byIds = new Map<string, Mutable<Broadcast>>()
  const folded = { broadcasts: 0, expected: 0, received: 0 }
  const shares: Array<number> = []
  for (const snapshot of all) {
    for (const broadcast of snapshot.broadcasts) {
      const known = byIds.get(broadcast.id)
      if (known === undefined) byIds.set(broadcast.id, { ...broadcast })
      else addTo(known, broadcast)
    }
    // Each process folds the same broadcasts, but counts only its own copies of them.
    folded.broadcasts = Math.max(folded.broadcasts, snapshot.folded.broadcasts)
    folded.expected += snapshot.folded.expected
    folded.received += snapshot.folded.received
    if (snapshot.folded.leastDelivered !== undefined) shares.push(snapshot.folded.leastDelivered)
  }
  const broadcasts = [...byIds.values()].sort(byId)
  for (const oldest of broadcasts.splice(0, Math.max(0, broadcasts.length - MAX_BROADCASTS))) {
    folded.broadcasts++
    folded.expected += oldest.expected
    folded.received += oldest.received
    shares.push(shareOf(oldest))
  }
  return {
    broadcasts,
    folded: shares.length === 0 ? folded : { ...folded, leastDelivered: Math.min(...shares) },
    unstamped: all.reduce((sum, { unstamped }) => sum + unstamped, 0)
  }
}

/**
 * Without those that were under way: several processes are measured one after the other, and what one of them had not heard yet another
 * had. A broadcast that is whole all the same stays.
 * @param askedAt epoch milliseconds at which the first process was asked
 */
export const withoutUnderWay = (snapshot: BroadcastsSnapshot, askedAt: number): BroadcastsSnapshot => ({
  ...snapshot,
  broadcasts: snapshot.broadcasts.filter(
    ({ id, expected, received }) => received >= expected || Number(id) <= askedAt - UNDER_WAY_MS
  )
})

/** A process that got no copy knows nothing of when they came. */
const addTo = (known: Mutable<Broadcast>, more: Broadcast): void => {
  if (more.received > 0) {
    known.firstMs = known.received > 0 ? Math.min(known.firstMs, more.firstMs) : more.firstMs
    known.lastMs = known.received > 0 ? Math.max(known.lastMs, more.lastMs) : more.lastMs
  }
  known.expected += more.expected
  known.received += more.received
}

/** In per cent. */
const shareOf = ({ expected, received }: Pick<Broadcast, "expected" | "received">): number =>
  expected === 0 ? 100 : (received / expected) * 100

const byId = (a: Broadcast, b: Broadcast): number => (a.id < b.id ? -1 : 1)

/** From the end, where stamps differ. */
const isSame = (bytes: Uint8Array, last: Uint8Array): boolean => {
  if (bytes.length !== STAMP_DIGITS) return false
  for (let i = STAMP_DIGITS - 1; i >= 0; i--) if (bytes[i] !== last[i]) return false
  return true
}
