/** The spans of the runs of schedules, with those of their publications below them. */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SpanEnd } from "../tracing/OpenSpan.ts"
import type { PublicationTracer } from "../tracing/PublicationTracer.ts"
import { withSpan } from "../tracing/withSpan.ts"
import type { Ending } from "./firing.ts"
import type { Run, Schedule } from "./Schedule.ts"

const endOf = (exit: Exit.Exit<Ending>): Partial<SpanEnd> => {
  if (Exit.isFailure(exit)) return { error: { type: "_OTHER", message: "the run did not end" } }
  const { outcome, detail } = exit.value
  const attributes = { "clarion.run.outcome": outcome }
  return outcome === "sent"
    ? { attributes }
    : { attributes, error: { type: outcome, message: detail ?? outcome } }
}

export const traceRun = (
  tracer: PublicationTracer,
  { id }: Schedule,
  run: Run,
  publishing: Effect.Effect<Ending>
): Effect.Effect<Ending> => {
  const span = tracer.begin("run schedule", "internal", undefined, {
    "clarion.schedule.id": id,
    "clarion.run.id": run.id,
    "clarion.run.number": run.number,
    "clarion.run.due": new Date(run.due).toISOString()
  })
  return withSpan(tracer, span, publishing, endOf)
}
