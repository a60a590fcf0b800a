/**
 * A ramp's pace: idle, ramping (a batch at every interval), holding what it opened, draining, done.
 *
 * Pure. Who runs it opens `batch` connections each time the machine enters `ramping`; how those fare does not change the
 * pace, as a load that waits for a slow server would hide that it is slow.
 */
import { assign, setup } from "xstate"

export interface RampContext {
  /** Connections to attempt in all, up to now. */
  readonly total: number
  readonly batchSize: number
  readonly intervalMs: number
  /** Connections attempted, the present batch included. */
  readonly attempted: number
  /** Connections of the present batch. */
  readonly batch: number
}

export type RampEvent =
  | { readonly type: "start" }
  /** Have so many connections in all; fewer than there are changes nothing. */
  | { readonly type: "raise"; readonly total: number }
  /** Close what is open. */
  | { readonly type: "stop" }
  /** Nothing is open any more. */
  | { readonly type: "empty" }

export type RampInput = Omit<RampContext, "attempted" | "batch">

export const rampMachine = setup({
  types: { context: {} as RampContext, events: {} as RampEvent, input: {} as RampInput },
  delays: { interval: ({ context }) => context.intervalMs },
  guards: { hasMore: ({ context }) => context.attempted < context.total },
  actions: {
    raise: assign({
      total: ({ context, event }) => Math.max(context.total, event.type === "raise" ? event.total : 0)
    }),
    nextBatch: assign(({ context: { attempted, batchSize, total } }) => {
      const batch = Math.min(batchSize, total - attempted)
      return { batch, attempted: attempted + batch }
    })
  }
}).createMachine({
  id: "ramp",
  context: ({ input }) => ({ ...input, attempted: 0, batch: 0 }),
  initial: "idle",
  states: {
    idle: { on: { start: "ramping", stop: "done", raise: { actions: "raise" } } },
    ramping: {
      entry: "nextBatch",
      after: { interval: [{ guard: "hasMore", target: "ramping", reenter: true }, { target: "holding" }] },
      on: { stop: "draining", raise: { actions: "raise" } }
    },
    holding: {
      on: { stop: "draining", raise: { actions: "raise" } },
      always: { guard: "hasMore", target: "ramping" }
    },
    draining: { on: { empty: "done" } },
    done: { type: "final" }
  }
})

export type RampState = "idle" | "ramping" | "holding" | "draining" | "done"
