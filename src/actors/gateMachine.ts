/**
 * The gate of the broadcast timer: waiting for a tick, gated (the last tick found too few connections), or sending.
 *
 * Pure. The gate is tested at every tick, so it opens and closes with the live count; a tick never meets a broadcast under way,
 * for the timer that sends ticks waits for `sent`.
 */
import { assign, setup } from "xstate"

export interface GateContext {
  /** Connections without which a tick sends nothing. */
  readonly totalSize: number
  readonly ticks: number
  readonly broadcasts: number
  /** Ticks that were skipped because the one before them took too long. */
  readonly missed: number
}

export type GateEvent =
  | { readonly type: "tick"; readonly connections: number; readonly missed: number }
  | { readonly type: "sent" }

export const gateMachine = setup({
  types: { context: {} as GateContext, events: {} as GateEvent, input: {} as { readonly totalSize: number } },
  guards: {
    isFull: ({ context, event }) => event.type === "tick" && event.connections >= context.totalSize
  },
  actions: {
    countTick: assign(({ context, event }) =>
      event.type === "tick" ? { ticks: context.ticks + 1, missed: context.missed + event.missed } : {}
    ),
    countBroadcast: assign({ broadcasts: ({ context }) => context.broadcasts + 1 })
  }
}).createMachine({
  id: "gate",
  context: ({ input }) => ({ totalSize: input.totalSize, ticks: 0, broadcasts: 0, missed: 0 }),
  initial: "waiting",
  states: {
    waiting: {
      on: {
        tick: [
          { guard: "isFull", target: "sending", actions: "countTick" },
          { target: "gated", actions: "countTick" }
        ]
      }
    },
    gated: {
      on: {
        tick: [
          { guard: "isFull", target: "sending", actions: "countTick" },
          { target: "gated", actions: "countTick" }
        ]
      }
    },
    sending: { on: { sent: { target: "waiting", actions: "countBroadcast" } } }
  }
})
