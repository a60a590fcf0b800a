/** The report as a schema: for files that anybody may have written. What is not known is passed over. */
import * as Schema from "effect/Schema"
import type { Report } from "../../protocol/report.ts"

const { Number: Num, String: Text, NullOr, Struct } = Schema
const MaybeNumber = NullOr(Num)
const Counts = Schema.Record(Text, Num)
const Column = Schema.Array(Num)
const GappyColumn = Schema.Array(MaybeNumber)

const rates = { count: Num, perSecond: Num, oneMinute: Num, fiveMinutes: Num, fifteenMinutes: Num }

const Latencies = Struct({
  count: Num,
  min: MaybeNumber,
  max: MaybeNumber,
  mean: MaybeNumber,
  stddev: MaybeNumber,
  p50: MaybeNumber,
  p75: MaybeNumber,
  p90: MaybeNumber,
  p95: MaybeNumber,
  p98: MaybeNumber,
  p99: MaybeNumber,
  p999: MaybeNumber
})

const Figure = Struct({
  name: Text,
  label: Text,
  unit: Text,
  value: MaybeNumber,
  better: Schema.optionalKey(Schema.Literals(["lower", "higher"]))
})

const Verdict = Struct({
  name: Text,
  bound: Schema.Literals(["most", "least"]),
  limit: Num,
  found: MaybeNumber,
  met: Schema.Boolean
})

const Step = Struct({
  level: Num,
  held: Schema.Boolean,
  because: Schema.optionalKey(Text),
  verdicts: Schema.optionalKey(Schema.Array(Verdict)),
  figures: Schema.Array(Figure)
})

const Run = Struct({
  id: Text,
  startedAt: Text,
  endedAt: Text,
  durationMs: Num,
  version: Text,
  node: Text,
  platform: Text,
  kernel: Text,
  cores: Num,
  cpu: Text,
  memoryBytes: Num,
  openFiles: MaybeNumber
})

const Connections = Struct({
  attempted: Num,
  active: Num,
  reconnects: Num,
  waiting: Num,
  closed: Num,
  closedByCode: Counts,
  errors: Counts
})

const Series = Struct({
  intervalMs: Num,
  endMs: Column,
  active: Column,
  opened: Column,
  closed: Column,
  errors: Column,
  messages: Column,
  p50: GappyColumn,
  p90: GappyColumn,
  p99: GappyColumn,
  max: GappyColumn
})

const Client = Struct({
  loopDelayMs: Struct({ p50: Num, p99: Num, max: Num }),
  processes: Num,
  cpu: Num,
  rampRestarts: Num
})

const Broadcast = Struct({ id: Text, expected: Num, received: Num, firstMs: Num, lastMs: Num })

const Scenario = Struct({
  name: Text,
  figures: Schema.Array(Figure),
  missed: Schema.optionalKey(Schema.Array(Text)),
  steps: Schema.optionalKey(Schema.Array(Step))
})

/** A field of the report that is missing here would be lost on reading: then it does not compile. */
export const ReportSchema: Schema.Codec<Report, unknown> = Struct({
  format: Num,
  run: Run,
  config: Schema.Unknown,
  connections: Connections,
  setup: Struct({ ...rates, rampMs: Num, timeMs: Latencies }),
  messages: Struct({ ...rates, unstamped: Num }),
  latencyMs: Latencies,
  latencyDistribution: Schema.Array(Struct({ percentile: Num, ms: Num, count: Num })),
  broadcasts: Schema.Array(Broadcast),
  earlierBroadcasts: Struct({
    broadcasts: Num,
    expected: Num,
    received: Num,
    leastDelivered: Schema.optionalKey(Num)
  }),
  publications: Schema.optionalKey(Struct({ published: Num, failed: Num, skipped: Num })),
  series: Series,
  client: Client,
  reliable: Schema.Boolean,
  unreliableBecause: Schema.Array(Text),
  thresholds: Schema.Array(Verdict),
  scenario: Schema.optionalKey(Scenario)
})
