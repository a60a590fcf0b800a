/**
 * What the client's first process and its ramp processes tell each other. Ramp processes only answer: what they measure lies with them until
 * it is asked for, so that nothing disturbs them between two questions.
 */
import * as Schema from "effect/Schema"
import type { RunCounts, RunSnapshot } from "./metrics/RunMetrics.ts"
import { Order } from "./scenario/Order.ts"

const Counts = Schema.Record(Schema.String, Schema.Number)
const MaybeTime = Schema.NullOr(Schema.Number)

const Connections = Schema.Struct({
  attempted: Schema.Number,
  opened: Schema.Number,
  active: Schema.Number,
  reconnects: Schema.Number,
  waiting: Schema.Number,
  closed: Schema.Number,
  closedByCode: Counts,
  errors: Counts
})

const Rates = Schema.Struct({
  count: Schema.Number,
  mean: Schema.Number,
  oneMinute: Schema.Number,
  fiveMinutes: Schema.Number,
  fifteenMinutes: Schema.Number
})

const Latencies = Schema.Struct({
  counts: Schema.String,
  min: MaybeTime,
  max: MaybeTime,
  sum: Schema.Number,
  clamped: Schema.Number
})

const Broadcast = Schema.Struct({
  id: Schema.String,
  expected: Schema.Number,
  received: Schema.Number,
  firstMs: Schema.Number,
  lastMs: Schema.Number
})

const Interval = Schema.Struct({
  opened: Schema.Number,
  closed: Schema.Number,
  errors: Schema.Number,
  messages: Schema.Number,
  active: Schema.Number,
  latencies: Schema.Array(Schema.Number),
  maxMs: MaybeTime
})

const Series = Schema.Struct({
  intervalMs: Schema.Number,
  from: Schema.Number,
  intervals: Schema.Array(Interval),
  endMs: Schema.Number
})

const Snapshot = Schema.Struct({
  connections: Connections,
  setupRates: Rates,
  setupTime: Latencies,
  firstAttemptAt: MaybeTime,
  lastOpenAt: MaybeTime,
  messageRates: Rates,
  latency: Latencies,
  broadcasts: Schema.Struct({
    broadcasts: Schema.Array(Broadcast),
    folded: Schema.Struct({
      broadcasts: Schema.Number,
      expected: Schema.Number,
      received: Schema.Number,
      leastDelivered: Schema.optionalKey(Schema.Number)
    }),
    unstamped: Schema.Number
  }),
  series: Schema.Array(Series),
  scenario: Schema.optionalKey(
    Schema.Struct({
      lost: Schema.Number,
      returned: Schema.Number,
      awayMs: Latencies,
      resetupMs: Latencies,
      recovered: Schema.Number,
      notRecovered: Schema.Number,
      recoveredPublications: Schema.Number,
      missed: Schema.Number,
      unknown: Schema.Number,
      duplicates: Schema.Number,
      slow: Schema.Number,
      slowClosed: Counts,
      slowMessages: Schema.Number
    })
  )
})
/** A field of the metrics that is missing above would be lost on the way: here, and below, it does not compile. */
const checkedSnapshot: Schema.Codec<RunSnapshot, unknown> = Snapshot

/** How busy a ramp process was, in the units of `ClientLoad`. */
const Load = Schema.Struct({
  loopDelayMs: Schema.Struct({ p50: Schema.Number, p99: Schema.Number, max: Schema.Number }),
  cpu: Schema.Number
})

const Ramp = Schema.Struct({
  name: Schema.String,
  state: Schema.String,
  connections: Schema.Number,
  restarts: Schema.Number
})

/** What happened since this was told last: why connections ended, and what the process would have logged. */
const News = Schema.Struct({
  ended: Schema.Array(Schema.Tuple([Schema.String, Schema.Number])),
  /** Why the latest connection ended, in detail; empty where none did. */
  latestEnd: Schema.String,
  log: Schema.Array(
    Schema.Struct({ level: Schema.Literals(["Debug", "Info", "Warn", "Error"]), text: Schema.String })
  )
})
export type ProcessNews = typeof News.Type

const RunCountsSchema = Schema.Struct({
  connections: Connections,
  firstAttemptAt: MaybeTime,
  lastOpenAt: MaybeTime,
  messages: Schema.Number,
  broadcast: MaybeTime,
  missing: Schema.Number,
  opening: Schema.Number
})
const checkedCounts: Schema.Codec<RunCounts, unknown> = RunCountsSchema

const Glance = Schema.Struct({
  phase: Schema.Literals(["idle", "ramping", "holding", "draining", "done"]),
  counts: checkedCounts,
  ramps: Schema.Array(Ramp),
  news: News
})
export type ProcessGlance = typeof Glance.Type

const Share = Schema.Struct({
  localAddress: Schema.String,
  clients: Schema.Number,
  batchSize: Schema.Number
})

const Target = Schema.Struct({
  secure: Schema.Boolean,
  hostname: Schema.String,
  host: Schema.String,
  port: Schema.Number,
  path: Schema.String,
  address: Schema.String
})

export const ToRamps = Schema.TaggedUnion({
  /** The first message: answered by `Ready`. */
  Prepare: {
    /** The client's configuration, as `printable` gives it. */
    config: Schema.Unknown,
    shares: Schema.Array(Share),
    target: Target,
    /** Its address in the actor tree: "client/process-0". */
    address: Schema.String,
    /** Epoch time at the zero of the machine's monotonic clock, in ms: all processes then tell the same time. */
    epochAtZeroMs: Schema.Number,
    /** Milliseconds between two samples of the event-loop delay. */
    delayResolution: Schema.Number
  },
  /** Ramps begin. `startedAt` is the run's, which rates count from. */
  Begin: { startedAt: Schema.Number },
  /** Answered by `Glance`. `broadcast` is the stamp of the latest broadcast that any process has heard. */
  AskGlance: { broadcast: MaybeTime },
  /** Answered by `Snapshot`, whose series begins with the interval of `seriesFromMs`, in milliseconds since the start of the run. */
  AskSnapshot: { broadcast: MaybeTime, seriesFromMs: Schema.Number },
  /** Do what a scenario asks for; not answered. */
  Obey: { order: Order },
  /** Close everything: answered by `Stopped`. */
  Stop: {}
})
export type ToRamps = typeof ToRamps.Type

export const FromRamps = Schema.TaggedUnion({
  Ready: {},
  Glance: { glance: Glance },
  Snapshot: { snapshot: checkedSnapshot, counts: checkedCounts, load: Load },
  Stopped: { glance: Glance },
  /** It cannot go on, and exits next. */
  Failed: { message: Schema.String }
})
export type FromRamps = typeof FromRamps.Type
