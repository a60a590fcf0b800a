/** What a broker counts, as metrics. Names are documented in docs/metrics.md. */
import { counter, gauge, type Sample } from "../Metrics.ts"

/** Since start, and now. */
export interface MemoryFigures {
  readonly publications: number
  readonly suppressed: number
  /** Channels with a position now. */
  readonly streams: number
  /** Publications that are kept now, and the bytes that they take. */
  readonly entries: number
  readonly historyBytes: number
  readonly idempotencyKeys: number
  /** Streams that lost their entries, or all, because a bound was reached. */
  readonly evictions: number
}

export interface DurableFigures {
  readonly publications: number
  readonly suppressed: number
  /** In memory now, with these publications, which take these bytes. */
  readonly streams: { readonly size: number; readonly entries: number; readonly bytes: number }
  /** Commits since start, those that failed, and what waits for the next ones. */
  readonly writer: { readonly commits: number; readonly failures: number; readonly waiting: number }
}

export interface BrokerFigures {
  readonly memory: MemoryFigures
  readonly durable: DurableFigures
}

/** @param others what went another way */
export const brokerSamples = (
  { memory, durable }: BrokerFigures,
  others: Pick<MemoryFigures, "publications" | "suppressed"> = { publications: 0, suppressed: 0 }
): ReadonlyArray<Sample> => [
  counter(
    "clarion_publications_total",
    "Publications in channels",
    memory.publications + durable.publications + others.publications
  ),
  counter(
    "clarion_publications_suppressed_total",
    "Publications not published: known idempotency key, or no newer version",
    memory.suppressed + durable.suppressed + others.suppressed
  ),
  gauge("clarion_streams", "Channels with a position in their history in memory", memory.streams),
  gauge("clarion_history_publications", "Publications kept in histories in memory", memory.entries),
  gauge("clarion_history_bytes", "Bytes that they take", memory.historyBytes),
  gauge("clarion_idempotency_keys", "Idempotency keys that are remembered in memory", memory.idempotencyKeys),
  counter(
    "clarion_history_evictions_total",
    "Histories that went before their time because memory is bounded",
    memory.evictions
  ),
  gauge("clarion_durable_streams", "Channels with durable history that are in use", durable.streams.size),
  gauge("clarion_durable_cached_publications", "Their publications in memory", durable.streams.entries),
  gauge("clarion_durable_cached_bytes", "Bytes that these take", durable.streams.bytes),
  gauge(
    "clarion_durable_waiting",
    "Operations of durable history that wait for a commit",
    durable.writer.waiting
  ),
  counter("clarion_durable_commits_total", "Commits of durable history", durable.writer.commits),
  counter(
    "clarion_durable_commit_failures_total",
    "Commits of durable history that failed",
    durable.writer.failures
  )
]
