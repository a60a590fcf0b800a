/** What the broker over NATS counts, as metrics. Names are documented in docs/metrics.md. */
import { counter, gauge, type Sample } from "../../Metrics.ts"

export interface NatsBrokerFigures {
  /** Messages that carried those that are stored, and what waits to be written now. */
  readonly writer: { readonly messages: number; readonly waiting: number }
  readonly logs: { readonly overtaken: number; readonly reads: number; readonly unreadable: number }
  /** Channels that are heard now, and the bytes of their publications that are in memory. */
  readonly ears: {
    readonly size: number
    readonly tailBytes: number
    readonly syncs: number
    readonly unreadable: number
  }
}

export const natsBrokerSamples = ({ writer, logs, ears }: NatsBrokerFigures): ReadonlyArray<Sample> => [
  counter(
    "clarion_nats_stored_messages_total",
    "Messages that carried publications with history",
    writer.messages
  ),
  gauge("clarion_nats_waiting", "Publications that wait for NATS", writer.waiting),
  counter(
    "clarion_nats_overtaken_total",
    "Messages that were written again as another node wrote the channel first",
    logs.overtaken
  ),
  counter("clarion_nats_reads_total", "Questions to NATS about histories", logs.reads),
  counter(
    "clarion_nats_unreadable_total",
    "Messages from NATS that are none of this service",
    logs.unreadable + ears.unreadable
  ),
  gauge("clarion_nats_channels", "Channels that this node hears", ears.size),
  gauge("clarion_nats_tail_bytes", "Bytes of their newest publications in memory", ears.tailBytes),
  counter(
    "clarion_nats_gaps_total",
    "Times that something was missed on the way and read from the history",
    ears.syncs
  )
]
