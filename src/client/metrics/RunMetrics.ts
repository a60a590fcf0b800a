/**
 * All that one process of the load client measures. An owner of connections calls one method per event; reports are
 * made of snapshots, which are plain data: several processes' snapshots add up to one with `addSnapshots`.
 *
 * `now` is everywhere the epoch time in milliseconds, fractional, from a source that never goes back:
 * `performance.timeOrigin + performance.now()`.
 */
import type { Counts } from "../../protocol/report.ts"
import type { SocketErrorKind } from "../SocketError.ts"
import { Broadcasts, type BroadcastsSnapshot } from "./Broadcasts.ts"
import type { Sums } from "./intervals.ts"
import { LatencyHistogram, type LatencySnapshot, type Percentiles } from "./LatencyHistogram.ts"
import { LatencyRecorder } from "./LatencyRecorder.ts"
import { Meter, type Rates } from "./Meter.ts"
import { ScenarioMetrics, type ScenarioSnapshot } from "./ScenarioMetrics.ts"
import { type SeriesSnapshot, TimeSeries } from "./TimeSeries.ts"

export interface ConnectionCounts {
  readonly attempted: number
  readonly opened: number
  /** Open now. */
  readonly active: number
  /** Of `opened`, those by which a connection that had been open came back. */
  readonly reconnects: number
  /** Waiting now for their next attempt, because `reconnect.enabled` brings them back. */
  readonly waiting: number
  /** Opened and ended without an error. */
  readonly closed: number
  readonly closedByCode: Counts
  readonly errors: Counts
}

export interface RunSnapshot {
  readonly connections: ConnectionCounts
  readonly setupRates: Rates
  /** Milliseconds from the call to `connect` until a connection was open. */
  readonly setupTime: LatencySnapshot
  /** When the first connection was attempted, and when one last opened that had not been open before; null before. */
  readonly firstAttemptAt: number | null
  readonly lastOpenAt: number | null
  readonly messageRates: Rates
  readonly latency: LatencySnapshot
  readonly broadcasts: BroadcastsSnapshot
  /** Of each process its own: `addSeries` makes one of them. */
  readonly series: ReadonlyArray<SeriesSnapshot>
  /** What became of single connections; where no scenario asks for it there is none. */
  readonly scenario?: ScenarioSnapshot | undefined
}

/** The counts of one process. */
export interface RunCounts extends Pick<RunSnapshot, "connections" | "firstAttemptAt" | "lastOpenAt"> {
  readonly messages: number
  /** Stamp of the latest broadcast, null before the first, and copies of it that are still to come. */
  readonly broadcast: number | null
  readonly missing: number
  /** Attempts under way. */
  readonly opening: number
}

/** The few figures that a view shows, cheap enough to be asked for several times a second. */
export interface Glance {
  readonly active: number
  readonly opened: number
  readonly errors: number
  readonly errorsByKind: Counts
  readonly messages: number
  /** Milliseconds; null before the first stamped message. */
  readonly latencyMs: Percentiles
  /** Copies of the latest broadcast that are still to come. */
  readonly missing: number
  /** Attempts under way. */
  readonly opening: number
}

export class RunMetrics {
  private attempts = 0
  private opens = 0
  private reconnects = 0
  private waiting = 0
  private closes = 0
  /** Connections open now. */
  active = 0
  /** Of the open ones, those that do not read, and so hear no broadcast. */
  private deaf = 0
  private opening = 0
  readonly scenario = new ScenarioMetrics()
  private readonly closedByCode: Record<string, number> = {}
  private readonly errors: Record<string, number> = {}
  private readonly setups: Meter
  private readonly setupTime = new LatencyHistogram()
  private firstAttemptAt: number | null = null
  private lastOpenAt: number | null = null
  private readonly messages: Meter
  private readonly latency = new LatencyRecorder()
  private readonly broadcasts = new Broadcasts()
  private readonly series: TimeSeries

  /** @param startedAt of the run */
  constructor(startedAt: number) {
    this.setups = new Meter(startedAt)
    this.messages = new Meter(startedAt)
    this.series = new TimeSeries(startedAt)
  }

  attempted(now: number): void {
    this.attempts++
    this.opening++
    this.firstAttemptAt ??= now
  }

  /** `isBack`: whether the connection had been open before, and came back. */
  opened(now: number, setupMs: number, isBack = false): void {
    this.reach(now)
    this.opens++
    this.opening--
    this.active++
    if (isBack) this.reconnects++
    else this.lastOpenAt = now
    this.broadcasts.opened(now)
    this.setups.mark(now)
    this.setupTime.record(setupMs)
  }

  /** So many connections more, or fewer, wait to reconnect. */
  waitingChanged(by: number): void {
    this.waiting += by
  }

  closed(now: number, code: number): void {
    this.reach(now)
    this.active--
    this.closes++
    this.closedByCode[code] = (this.closedByCode[code] ?? 0) + 1
  }

  /** `wasOpen`: whether the connection that failed had opened. */
  failed(now: number, kind: SocketErrorKind, wasOpen: boolean): void {
    this.reach(now)
    if (wasOpen) this.active--
    else this.opening--
    this.errors[kind] = (this.errors[kind] ?? 0) + 1
  }

  /** The owner gave up an attempt. */
  abandoned(): void {
    this.opening--
  }

  /** An open connection, there since `openedAt`, has ended, or reads no more. */
  gone(openedAt: number): void {
    this.broadcasts.gone(openedAt)
  }

  /** One that is gone by the client's own order: `heard` is the stamp of the latest broadcast that it heard. */
  left(heard: number, openedAt: number): void {
    this.broadcasts.left(heard, openedAt)
  }

  /** So many more open connections, or fewer, do not read. */
  deafChanged(by: number): void {
    this.deaf += by
  }

  /** Broadcasts stamped after one time and up to another; null where that is too long ago to be known. */
  broadcastsBetween(from: number, to: number): number | null {
    return this.broadcasts.between(from, to)
  }

  /** Stamp of the latest broadcast; null before the first. */
  get broadcast(): number | null {
    return this.broadcasts.latest
  }

  /** One message, of any kind, on a connection that opened at `openedAt`; a stamped one tells its latency. */
  heard(now: number, payload: Uint8Array, openedAt: number): void {
    this.reach(now)
    this.messages.mark(now)
    const latency = this.broadcasts.hear(payload, now, this.active - this.deaf, openedAt)
    if (!Number.isNaN(latency)) this.latency.record(latency)
  }

  /** Another process heard the broadcast with this stamp. */
  expectBroadcast(stamp: number, now: number): void {
    this.broadcasts.expect(stamp, now, this.active - this.deaf)
  }

  /** What a process tells of itself between two snapshots: no histogram is looked at. */
  counts(): RunCounts {
    return {
      connections: this.connections(),
      firstAttemptAt: this.firstAttemptAt,
      lastOpenAt: this.lastOpenAt,
      messages: this.messages.count,
      broadcast: this.broadcasts.latest,
      missing: this.broadcasts.missing,
      opening: this.opening
    }
  }

  glance(): Glance {
    return {
      active: this.active,
      opened: this.opens,
      errors: countOf(this.errors),
      errorsByKind: { ...this.errors },
      messages: this.messages.count,
      latencyMs: this.latency.whole.percentiles(),
      missing: this.broadcasts.missing,
      opening: this.opening
    }
  }

  /** @param seriesFromMs intervals before that are not needed, in milliseconds since the start of the run */
  snapshot(now: number, seriesFromMs = 0): RunSnapshot {
    this.endInterval(now)
    return {
      connections: this.connections(),
      setupRates: this.setups.rates(now),
      setupTime: this.setupTime.snapshot(),
      firstAttemptAt: this.firstAttemptAt,
      lastOpenAt: this.lastOpenAt,
      messageRates: this.messages.rates(now),
      latency: this.latency.whole.snapshot(),
      broadcasts: this.broadcasts.snapshot(),
      series: [this.series.snapshot(now, seriesFromMs)],
      ...(this.scenario.isEmpty ? {} : { scenario: this.scenario.snapshot() })
    }
  }

  /** What happens from here on belongs to the interval that `now` is in. */
  private reach(now: number): void {
    if (now >= this.series.endsAt) this.endInterval(now)
  }

  private endInterval(now: number): void {
    const sums = sumsOf(this.connections(), this.messages.count)
    this.series.add(now, sums, this.active, this.latency.takeInterval())
  }

  private connections(): ConnectionCounts {
    return {
      attempted: this.attempts,
      opened: this.opens,
      active: this.active,
      reconnects: this.reconnects,
      waiting: this.waiting,
      closed: this.closes,
      closedByCode: { ...this.closedByCode },
      errors: { ...this.errors }
    }
  }
}

/** All together, whatever their name. */
export const countOf = (counts: Counts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

/** What the intervals of a run are differences of. */
export const sumsOf = ({ opened, closed, errors }: ConnectionCounts, messages: number): Sums => ({
  ...{ opened, closed, messages },
  errors: countOf(errors)
})
