/**
 * A function of an embedding program that hears what happens to clients and channels, before webhooks do. It is called synchronously, so it
 * should do no more than put the event somewhere; what it throws is logged. Like all hooks it hears this process alone.
 */
import * as Context from "effect/Context"
import type { SessionEvent } from "./SessionEvents.ts"

export const SessionListener = Context.Reference<((event: SessionEvent) => void) | undefined>(
  "clarion/services/SessionListener",
  { defaultValue: () => undefined }
)
