/** The headers of W3C Trace Context: the span of the caller, whether it is sampled, and what others say of the trace. */
import * as Tracer from "effect/Tracer"
import { annotationsOf, readTracestate } from "./tracestate.ts"

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NO_ID = /^0+$/
const SAMPLED = 1

/**
 * Undefined for a header that says nothing valid: the trace then begins anew. Later versions are read as far as they are like this one, as W3C asks
 * for.
 *
 * @param state the header `tracestate`, which means nothing without the other one
 */
export const readTraceparent = (
  header: string | undefined,
  state?: string | undefined
): Tracer.ExternalSpan | undefined => {
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(header?.trim() ?? "") ?? []
  if (traceId === undefined || spanId === undefined || NO_ID.test(traceId) || NO_ID.test(spanId))
    return undefined
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined
  return Tracer.externalSpan({
    traceId,
    spanId,
    sampled: (Number.parseInt(flags!, 16) & SAMPLED) === SAMPLED,
    annotations: annotationsOf(readTracestate(state))
  })
}
