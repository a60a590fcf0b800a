/** Spans: while they are open, and as they travel in OTLP. */
import * as Hex from "effect/encoding/Hex"
import { entriesToAttributes } from "effect/observability/OtlpResource"
import type { TraceData } from "effect/observability/OtlpTracer"
import type * as Tracer from "effect/Tracer"
import { annotationsOf } from "./tracestate.ts"

/** A span as OTLP has it. */
export type OtlpSpan = TraceData["resourceSpans"][number]["scopeSpans"][number]["spans"][number] & {
  readonly traceState?: string
}

/** Values that are undefined are left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

/** OTLP's numbers of the kinds that there are here. */
const KINDS = { internal: 1, server: 2, producer: 4 } as const
export type SpanKind = keyof typeof KINDS

const UNSET = 0
const ERROR = 2
/** Characters of an error's text. */
const MAX_ERROR = 200

/** Something that happened at one moment, in milliseconds since the epoch. */
export interface SpanEvent {
  readonly name: string
  readonly at: number
}

export interface SpanEnd {
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number
  readonly attributes?: Attributes
  readonly events?: ReadonlyArray<SpanEvent>
  /** What went wrong: its class, and a text. */
  readonly error?: { readonly type: string; readonly message: string } | undefined
}

/** Nanoseconds as decimal digits; a double of milliseconds since the epoch is exact to 0.2 µs. */
const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`

const isKnown = (entry: readonly [string, unknown]): boolean => entry[1] !== undefined

/** A span that is sampled and has not ended. It is what Effect has as the parent of what runs below it. */
export class OpenSpan implements Tracer.ExternalSpan {
  readonly _tag = "ExternalSpan"
  readonly sampled = true
  readonly spanId = Hex.random(16)
  readonly annotations
  /** Publications below it. */
  publications = 0

  /**
   * @param startedAt milliseconds since the epoch, with fractions
   * @param parentId of the span above; undefined: the trace begins here
   * @param traceState what systems that the trace has come through say in it; undefined: nothing
   */
  constructor(
    readonly traceId: string,
    readonly parentId: string | undefined,
    readonly name: string,
    readonly kind: SpanKind,
    readonly startedAt: number,
    readonly attributes: Attributes,
    readonly traceState?: string | undefined
  ) {
    this.annotations = annotationsOf(traceState)
  }

  /** A span of a part of it. */
  below(name: string, startedAt: number, attributes: Attributes): OpenSpan {
    const { traceId, spanId, traceState } = this
    return new OpenSpan(traceId, spanId, name, "internal", startedAt, attributes, traceState)
  }

  ended({ at, attributes = {}, events = [], error }: SpanEnd): OtlpSpan {
    const all = { ...this.attributes, ...attributes, "error.type": error?.type }
    return {
      traceId: this.traceId,
      spanId: this.spanId,
      ...(this.traceState === undefined ? {} : { traceState: this.traceState }),
      parentSpanId: this.parentId,
      name: this.name,
      kind: KINDS[this.kind],
      startTimeUnixNano: nanos(this.startedAt),
      // Clocks of two processes may differ by what their reading took.
      endTimeUnixNano: nanos(Math.max(at, this.startedAt)),
      attributes: entriesToAttributes(Object.entries(all).filter(isKnown)),
      droppedAttributesCount: 0,
      events: events.map((event) => ({
        name: event.name,
        timeUnixNano: nanos(event.at),
        attributes: [],
        droppedAttributesCount: 0
      })),
      droppedEventsCount: 0,
      status:
        error === undefined ? { code: UNSET } : { code: ERROR, message: error.message.slice(0, MAX_ERROR) },
      links: [],
      droppedLinksCount: 0
    }
  }
}
