/**
 * Decides which publications are traced, and makes their spans: of the publication itself, and, when its delivery is complete, of the fan-out.
 * Nothing is made of what is not sampled. Names and attributes are explained in docs/tracing.md.
 */
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { type ChannelSyntax, namespaceOf } from "../channels/channelName.ts"
import { BROADCAST_CHANNEL } from "../hot/ChannelEvent.ts"
import type { Delivery } from "../hot/Publication.ts"
import { FanOutWatch } from "./FanOutWatch.ts"
import { type Attributes, OpenSpan, type OtlpSpan, type SpanEnd, type SpanKind } from "./OpenSpan.ts"
import { tracestateOf } from "./tracestate.ts"

/** Publications below one request or run that are traced; further ones are counted by it, and have no spans of their own. */
export const MAX_PUBLICATIONS_OF_A_SPAN = 100

export interface TracerOptions {
  /** Share of the traces that begin here. */
  readonly ratio: number
  readonly syntax: ChannelSyntax
  /** Milliseconds since the epoch, with fractions. */
  readonly now: () => number
  readonly emit: (span: OtlpSpan) => void
}

/** Stands for the span above where that is not sampled: neither is what comes below it. */
export const NOT_SAMPLED: Tracer.AnySpan = Tracer.externalSpan({
  traceId: "0".repeat(32),
  spanId: "0".repeat(16),
  sampled: false
})

/** The span in which an Effect runs, passing over those of Effect's own tracer, which nobody exports. */
export const currentSpan: Effect.Effect<Tracer.AnySpan | undefined> = Effect.map(
  Effect.serviceOption(Tracer.ParentSpan),
  (found) => {
    let span = Option.getOrUndefined(found)
    while (span instanceof Tracer.NativeSpan) span = Option.getOrUndefined(span.parent)
    return span
  }
)

/** What the name of the span of a publication begins with. */
const PUBLISH = "publish "

/** The first 52 bits of an id decide, which a double has. */
const asShare = (traceId: string): number => Number.parseInt(traceId.slice(0, 13), 16) / 2 ** 52

export class PublicationTracer {
  readonly now: () => number

  constructor(readonly options: TracerOptions) {
    this.now = options.now
  }

  /** A span that begins now; undefined where it is not sampled: `above` decides, or, without it, chance. */
  begin(
    name: string,
    kind: SpanKind,
    above: Tracer.AnySpan | undefined,
    attributes: Attributes
  ): OpenSpan | undefined {
    if (above?.sampled === false) return undefined
    if (above !== undefined)
      return new OpenSpan(
        above.traceId,
        above.spanId,
        name,
        kind,
        this.now(),
        attributes,
        tracestateOf(above)
      )
    const traceId = Hex.random(32)
    return asShare(traceId) < this.options.ratio
      ? new OpenSpan(traceId, undefined, name, kind, this.now(), attributes)
      : undefined
  }

  end(span: OpenSpan, { at = this.now(), ...end }: Partial<SpanEnd> = {}): void {
    this.options.emit(span.ended({ at, ...end }))
  }

  /** A publication that is handed to the broker or the hub now. */
  publication(channel: string, bytes: number, above: Tracer.AnySpan | undefined): OpenSpan | undefined {
    if (above instanceof OpenSpan && ++above.publications > MAX_PUBLICATIONS_OF_A_SPAN) return undefined
    const template = this.#template(channel)
    return this.begin(`${PUBLISH}${template}`, "producer", above, {
      "messaging.system": "clarion",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.name": channel,
      "messaging.destination.template": channel === BROADCAST_CHANNEL ? undefined : template,
      "messaging.message.body.size": bytes
    })
  }

  /** A broadcast to everyone, which `hand` gives to the hub in this turn. */
  broadcast(bytes: number, delivery: Delivery, above: Tracer.AnySpan | undefined, hand: () => void): void {
    const span = this.publication(BROADCAST_CHANNEL, bytes, above)
    if (span === undefined) return hand()
    delivery.watch = this.fanOut(span)
    hand()
    this.end(span)
  }

  /** What makes the spans of the fan-out of a publication. */
  fanOut(publication: OpenSpan): FanOutWatch {
    return new FanOutWatch(this, publication, publication.name.slice(PUBLISH.length))
  }

  /** Names of channels are many: spans are named by their namespace. */
  #template(channel: string): string {
    if (channel === BROADCAST_CHANNEL) return channel
    const { syntax } = this.options
    const namespace = namespaceOf(channel, syntax)
    return namespace === undefined ? "{channel}" : `${namespace}${syntax.namespaceBoundary}{channel}`
  }
}
