/**
 * The header `tracestate` of W3C Trace Context: what the systems that a trace has come through say of it, each to itself. It is carried on as it
 * came.
 */
import * as Context from "effect/Context"
import type { AnySpan } from "effect/Tracer"

/** Where it hangs on a span: `undefined` without it. */
const TraceState = Context.Reference<string | undefined>("clarion/services/tracing/TraceState", {
  defaultValue: () => undefined
})

/** Characters and members of what is carried on; W3C asks for no more. */
export const MAX_CHARACTERS = 512
export const MAX_MEMBERS = 32

/** `key=value`: a key of 256 characters at most, a value of printable ASCII without commas and equals signs. */
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$/

/** Undefined for a header that is none, is too long, or names a system twice: W3C has it dropped then, and the trace go on without it. */
export const readTracestate = (header: string | undefined): string | undefined => {
  if (header === undefined || header.length > MAX_CHARACTERS) return undefined
  const members = header
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "")
  if (members.length === 0 || members.length > MAX_MEMBERS) return undefined
  if (!members.every((member) => MEMBER.test(member))) return undefined
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf("="))))
  return keys.size === members.length ? members.join(",") : undefined
}

const NONE: Context.Context<never> = Context.empty()

/** What a span has beside its ids. */
export const annotationsOf = (state: string | undefined): Context.Context<never> =>
  state === undefined ? NONE : Context.make(TraceState, state)

export const tracestateOf = ({ annotations }: AnySpan): string | undefined =>
  Context.get(annotations, TraceState)
