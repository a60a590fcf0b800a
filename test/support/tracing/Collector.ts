/** A collector of OpenTelemetry as far as the tests need one: it decodes OTLP's JSON, and is as strict about it as the protocol. */
import { type Answer, HttpBackend, json } from "../HttpBackend.ts"
import { Heard } from "../server/Heard.ts"

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly traceState: string | undefined
  readonly name: string
  readonly kind: number
  /** Nanoseconds since the epoch. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, unknown>>
  /** Times by name. */
  readonly events: Readonly<Record<string, bigint>>
  readonly status: { readonly code: number; readonly message?: string }
  readonly resource: Readonly<Record<string, unknown>>
}

export const TAKEN: Answer = json({})

type KeyValue = { readonly key: string; readonly value: Readonly<Record<string, unknown>> }

const valueOf = ({ value }: KeyValue): unknown =>
  "intValue" in value ? Number(value.intValue) : (value.stringValue ?? value.boolValue ?? value.doubleValue)

const recordOf = (attributes: ReadonlyArray<KeyValue>) =>
  Object.fromEntries(attributes.map((attribute) => [attribute.key, valueOf(attribute)]))

const matching = (pattern: RegExp, text: unknown): string => {
  if (typeof text !== "string" || !pattern.test(text))
    throw new Error(`${JSON.stringify(text)} is not ${pattern}`)
  return text
}
const timeOf = (text: unknown): bigint => BigInt(matching(/^\d{19}$/, text))

// biome-ignore lint/suspicious/noExplicitAny: what came is looked at here
const spanOf = (span: any, resource: CollectedSpan["resource"]): CollectedSpan => ({
  traceId: matching(/^[0-9a-f]{32}$/, span.traceId),
  spanId: matching(/^[0-9a-f]{16}$/, span.spanId),
  parentSpanId: span.parentSpanId === undefined ? undefined : matching(/^[0-9a-f]{16}$/, span.parentSpanId),
  traceState: span.traceState,
  name: span.name,
  kind: span.kind,
  start: timeOf(span.startTimeUnixNano),
  end: timeOf(span.endTimeUnixNano),
  attributes: recordOf(span.attributes),
  events: Object.fromEntries(
    span.events.map((event: { name: string; timeUnixNano: string }) => [
      event.name,
      timeOf(event.timeUnixNano)
    ])
  ),
  status: span.status,
  resource
})

export class Collector {
  /** Spans of requests that were answered by `TAKEN` or anything else. */
  readonly spans = new Heard<CollectedSpan>()

  private constructor(readonly backend: HttpBackend) {}

  static readonly start = async (answer: Answer = TAKEN): Promise<Collector> => {
    const collector: Collector = new Collector(
      await HttpBackend.start((request, response, index) => {
        for (const { resource, scopeSpans } of JSON.parse(request.text).resourceSpans)
          for (const { spans } of scopeSpans)
            for (const span of spans) collector.spans.add(spanOf(span, recordOf(resource.attributes)))
        answer(request, response, index)
      })
    )
    return collector
  }

  get url(): string {
    return this.backend.url
  }

  get requests() {
    return this.backend.requests
  }

  /** All of this name. */
  named(name: string): ReadonlyArray<CollectedSpan> {
    return this.spans.all.filter((span) => span.name === name)
  }

  /** The one of this name. */
  only(name: string): CollectedSpan {
    const [first, ...more] = this.named(name)
    if (first === undefined || more.length > 0)
      throw new Error(
        `${more.length + (first ? 1 : 0)} spans "${name}" of ${this.spans.all.map((one) => one.name)}`
      )
    return first
  }

  below({ traceId, spanId }: CollectedSpan): ReadonlyArray<CollectedSpan> {
    return this.spans.all.filter((span) => span.traceId === traceId && span.parentSpanId === spanId)
  }
}

/** Settings of a server that sends all traces there. */
export const tracingTo = ({ url }: Collector, more: Readonly<Record<string, unknown>> = {}) => ({
  "tracing.otlp.endpoint": url,
  "tracing.sampleRatio": 1,
  "shutdown.timeout": "5 s",
  ...more
})
