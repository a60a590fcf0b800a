/**
 * The report of a run of the load client as JSON: what `--report.json` writes, what the page of `--report.html` draws, and what
 * `--compare` reads. Plain types, for the client that writes it and for the page that reads it. A field, once published, keeps its name and
 * its unit; what is added makes a report of the same format, and a reader passes over what it does not know.
 */

/** The format of reports with `series` and `latencyDistribution`. Those before it had no `format`. */
export const REPORT_FORMAT = 2

/** Events by name: error kinds, close codes. Both are closed sets, so the list is bounded. */
export type Counts = Readonly<Record<string, number>>

/** The machine that a run was measured on, without which its figures say little. */
export interface HostFacts {
  /** Node's version, such as "v20.20.2". */
  readonly node: string
  /** Operating system, its release and the architecture. */
  readonly platform: string
  /** The kernel's own name of its build; of Linux `uname -v`. */
  readonly kernel: string
  /** Cores this process may use, and what they are. */
  readonly cores: number
  readonly cpu: string
  readonly memoryBytes: number
  /** `ulimit -n`; null where there is none, or the system does not tell. */
  readonly openFiles: number | null
}

/** Rates as events per second: over the whole run, and the weighted ones of the last 1, 5 and 15 minutes. */
export interface ReportedRates {
  readonly count: number
  readonly perSecond: number
  readonly oneMinute: number
  readonly fiveMinutes: number
  readonly fifteenMinutes: number
}

/** Milliseconds; everything but `count` is null while nothing was recorded. */
export interface LatencySummary {
  readonly count: number
  readonly min: number | null
  readonly max: number | null
  readonly mean: number | null
  readonly stddev: number | null
  readonly p50: number | null
  readonly p75: number | null
  readonly p90: number | null
  readonly p95: number | null
  readonly p98: number | null
  readonly p99: number | null
  readonly p999: number | null
}

/** One broadcast; latencies are milliseconds from its stamp. */
export interface Broadcast {
  /** Its payload: 13 digits. */
  readonly id: string
  /**
   * Connections that were open when the first copy arrived, but for those that had just opened, and for those that the client itself ended,
   * or had stop reading, before their copy came. One that the server ended meanwhile is still expected.
   */
  readonly expected: number
  /** Copies that those connections got. */
  readonly received: number
  readonly firstMs: number
  readonly lastMs: number
}

/** Broadcasts that are no longer told one by one. */
export interface FoldedBroadcasts {
  readonly broadcasts: number
  readonly expected: number
  readonly received: number
  /** The share of the one of them that arrived least, in per cent; with several processes, in the one where that was. */
  readonly leastDelivered?: number
}

/** How busy the client was. */
export interface ClientLoad {
  /** Milliseconds that its event loop kept callers waiting. A latency can be too high by as much. */
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Processes that held connections. */
  readonly processes: number
  /** CPU time over wall time since start, of its busiest process: 1 is one core. */
  readonly cpu: number
  /** Ramps, and processes of them, that died and were started again: their connections were opened twice. */
  readonly rampRestarts: number
}

/** A limit of `thresholds.*` and whether it was kept. */
export interface Verdict {
  readonly name: string
  /** Whether `found` may be at most, or must be at least, the limit. */
  readonly bound: "most" | "least"
  readonly limit: number
  /** Null where nothing was measured, which does not meet a limit. */
  readonly found: number | null
  readonly met: boolean
}

/**
 * What the run was like over time, in intervals of one second, or of 2, 4, 8, … where a run was longer than MAX_POINTS of them. Each list
 * has a value for each interval, in their order.
 */
export interface Series {
  /** Length of an interval; the last one may be shorter. */
  readonly intervalMs: number
  /** End of each, in milliseconds since the start of the run; the last is the end of the run. */
  readonly endMs: ReadonlyArray<number>
  /** Connections open at its end. */
  readonly active: ReadonlyArray<number>
  /** Events in it. `closed` are those that ended without an error. */
  readonly opened: ReadonlyArray<number>
  readonly closed: ReadonlyArray<number>
  readonly errors: ReadonlyArray<number>
  readonly messages: ReadonlyArray<number>
  /** Latencies of its stamped messages in milliseconds, within 1 %; null where there were none. */
  readonly p50: ReadonlyArray<number | null>
  readonly p90: ReadonlyArray<number | null>
  readonly p99: ReadonlyArray<number | null>
  readonly max: ReadonlyArray<number | null>
}

/** Intervals that a series has at most, however long the run was. */
export const MAX_POINTS = 600

/** One point of the classic HDR plot: `count` latencies, `percentile` per cent of all, were not above `ms`. */
export interface DistributionPoint {
  readonly percentile: number
  readonly ms: number
  readonly count: number
}

/** A figure that a scenario adds of its own. */
export interface ScenarioFigure {
  /** Stable, for scripts: "recoveryP99". */
  readonly name: string
  /** For people: "recovery, 99th percentile". */
  readonly label: string
  /** "ms", "%", "connections"; empty for a bare number. */
  readonly unit: string
  /** Null where nothing was measured. */
  readonly value: number | null
  /** Which is better, where that is known. */
  readonly better?: "lower" | "higher"
}

/** One level that a scenario tried. */
export interface ScenarioStep {
  readonly level: number
  /** Whether all limits were kept at it. */
  readonly held: boolean
  /** Why it did not hold. */
  readonly because?: string
  /** The limits that it was held against, where there were any. One of which nothing was found is not kept, and breaks no level. */
  readonly verdicts?: ReadonlyArray<Verdict>
  readonly figures: ReadonlyArray<ScenarioFigure>
}

export interface ScenarioOutcome {
  /** As `scenario` of the configuration: "drop". */
  readonly name: string
  readonly figures: ReadonlyArray<ScenarioFigure>
  /** What it holds against the server, or could not find out, beside the limits: a sentence each. The run fails where there is one. */
  readonly missed?: ReadonlyArray<string>
  /** In the order in which they were tried. */
  readonly steps?: ReadonlyArray<ScenarioStep>
}

/** What the client published itself. */
export interface OwnPublications {
  /** Publications that the server API took. */
  readonly published: number
  /** Of those that were due, the ones that it did not take, and the ones that were too late to be tried. */
  readonly failed: number
  readonly skipped: number
}

export interface Report {
  /** REPORT_FORMAT */
  readonly format: number
  readonly run: {
    readonly id: string
    /** ISO 8601, as is `endedAt`; of a report in between, `endedAt` is its own time. */
    readonly startedAt: string
    readonly endedAt: string
    readonly durationMs: number
    /** Clarion's version. */
    readonly version: string
  } & HostFacts
  /** The configuration of the run, secrets masked. */
  readonly config: unknown
  readonly connections: {
    readonly attempted: number
    readonly active: number
    /** Connections that had been open, were lost, and came back. */
    readonly reconnects: number
    /** Waiting for their next attempt to come back. */
    readonly waiting: number
    readonly closed: number
    readonly closedByCode: Counts
    readonly errors: Counts
  }
  /**
   * `perSecond` is over the ramp, `rampMs`: from the first attempt to the last opening of a connection that had not been
   * open before. It leaves out those that came back; all other figures count them.
   */
  readonly setup: ReportedRates & { readonly rampMs: number; readonly timeMs: LatencySummary }
  /** `unstamped` of them carried no stamp, and so have no latency and belong to no broadcast. */
  readonly messages: ReportedRates & { readonly unstamped: number }
  readonly latencyMs: LatencySummary
  /** Of all latencies, ascending, up to the 100th percentile; empty where there were none. */
  readonly latencyDistribution: ReadonlyArray<DistributionPoint>
  readonly broadcasts: ReadonlyArray<Broadcast>
  /** The broadcasts before those of `broadcasts`, as one sum. */
  readonly earlierBroadcasts: FoldedBroadcasts
  /** Where the client published itself (`publish.rate`). */
  readonly publications?: OwnPublications
  readonly series: Series
  readonly client: ClientLoad
  readonly reliable: boolean
  readonly unreliableBecause: ReadonlyArray<string>
  readonly thresholds: ReadonlyArray<Verdict>
  /** Where a scenario was run that has figures of its own. */
  readonly scenario?: ScenarioOutcome
}
