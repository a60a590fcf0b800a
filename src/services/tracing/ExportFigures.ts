/** What became of spans, since start. Names are documented in docs/metrics.md. */
import { counter, gauge, type Sample } from "../Metrics.ts"
import type { Sent } from "./otlpHttp.ts"
import type { WaitingSpans } from "./WaitingSpans.ts"

export class ExportFigures {
  /** Requests that failed. */
  failures = 0
  #exported = 0
  #unsent = 0
  #rejected = 0

  constructor(readonly waiting: WaitingSpans) {}

  /** What became of a batch of so many spans in the end. */
  note(size: number, sent: Sent): void {
    if (sent.kind === "taken") {
      this.#exported += size - sent.rejected
      this.#rejected += sent.rejected
    } else this.#unsent += size
  }

  readonly samples = (): ReadonlyArray<Sample> => {
    const dropped = (reason: string, value: number) =>
      counter("clarion_trace_spans_dropped_total", "Spans that reached no collector", value, { reason })
    return [
      counter("clarion_trace_spans_exported_total", "Spans that a collector has taken", this.#exported),
      counter("clarion_trace_export_failures_total", "Requests to the collector that failed", this.failures),
      dropped("queue", this.waiting.dropped),
      dropped("unsent", this.#unsent),
      dropped("rejected", this.#rejected),
      gauge("clarion_trace_spans_waiting", "Spans that wait to be exported", this.waiting.size)
    ]
  }
}
