/** What a broker counts, as metrics. Names are documented in docs/metrics.md. */
import { counter, gauge, type Sample } from "../Metrics.ts"

export interface BrokerFigures {
  /** Publications since start, and those that were suppressed. */
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

export const brokerSamples = (figures: BrokerFigures): ReadonlyArray<Sample> => [
  counter("clarion_publications_total", "Publications in channels", figures.publications),
  counter(
    "clarion_publications_suppressed_total",
    "Publications not published: known idempotency key, or no newer version",
    figures.suppressed
  ),
  gauge("clarion_streams", "Channels with a position in their history", figures.streams),
  gauge("clarion_history_publications", "Publications kept in histories", figures.entries),
  gauge("clarion_history_bytes", "Bytes that they take", figures.historyBytes),
  gauge("clarion_idempotency_keys", "Idempotency keys that are remembered", figures.idempotencyKeys),
  counter(
    "clarion_history_evictions_total",
    "Histories that went before their time because memory is bounded",
    figures.evictions
  )
]
