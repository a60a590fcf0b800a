/** A span around an Effect below which publications are traced: a request, or the run of a schedule. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import type { OpenSpan, SpanEnd } from "./OpenSpan.ts"
import { NOT_SAMPLED, type PublicationTracer } from "./PublicationTracer.ts"

/** @param span undefined: it is not sampled, and neither is what comes below it */
export const withSpan = <A, E, R>(
  tracer: PublicationTracer,
  span: OpenSpan | undefined,
  effect: Effect.Effect<A, E, R>,
  endOf: (exit: Exit.Exit<A, E>) => Partial<SpanEnd>
): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> => {
  if (span === undefined) return Effect.provideService(effect, Tracer.ParentSpan, NOT_SAMPLED)
  return Effect.onExit(Effect.provideService(effect, Tracer.ParentSpan, span), (exit) =>
    Effect.sync(() => {
      const { attributes, ...end } = endOf(exit)
      const count = span.publications > 1 ? span.publications : undefined
      tracer.end(span, { ...end, attributes: { "messaging.batch.message_count": count, ...attributes } })
    })
  )
}
