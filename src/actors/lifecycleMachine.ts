/**
 * The life of a supervised actor: starting, serving, draining, restarting, and at last stopped or failed.
 *
 * Pure: time comes in with the events, the delay of a restart follows from the context. A crash restarts the actor after a
 * backoff that doubles with every crash in the window; more crashes in the window than the budget allows end in `failed`,
 * which the supervisor escalates.
 */
import { assign, setup } from "xstate"

/** How often an actor may be restarted, and how soon. */
export interface RestartPolicy {
  /** Crashes within the window that are answered by a restart; one more fails the actor. */
  readonly budget: number
  readonly windowMs: number
  /** Delay of the first restart in the window. It doubles with each further one. */
  readonly backoffMs: number
  readonly maxBackoffMs: number
}

export interface LifecycleContext {
  readonly policy: RestartPolicy
  /** When the crashes within the window happened, in ms. */
  readonly crashes: ReadonlyArray<number>
  /** Restarts in all. */
  readonly restarts: number
  /** Why it crashed last. */
  readonly cause: string | undefined
}

export type LifecycleEvent =
  | { readonly type: "started" }
  | { readonly type: "crashed"; readonly at: number; readonly cause: string }
  | { readonly type: "stop" }
  | { readonly type: "finished" }

const inWindow = ({ crashes, policy }: LifecycleContext, at: number) =>
  crashes.filter((crash) => crash > at - policy.windowMs)

/** Delay before the restart that answers the last crash, in ms. */
export const backoffMs = ({ crashes, policy }: LifecycleContext): number =>
  Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** Math.max(0, crashes.length - 1))

export const lifecycleMachine = setup({
  types: {
    context: {} as LifecycleContext,
    events: {} as LifecycleEvent,
    input: {} as RestartPolicy
  },
  delays: { backoff: ({ context }) => backoffMs(context) },
  guards: {
    withinBudget: ({ context, event }) =>
      event.type === "crashed" && inWindow(context, event.at).length < context.policy.budget
  },
  actions: {
    noteCrash: assign(({ context, event }) =>
      event.type === "crashed"
        ? { crashes: [...inWindow(context, event.at), event.at], cause: event.cause }
        : {}
    ),
    countRestart: assign({ restarts: ({ context }) => context.restarts + 1 })
  }
}).createMachine({
  id: "lifecycle",
  context: ({ input }) => ({ policy: input, crashes: [], restarts: 0, cause: undefined }),
  initial: "starting",
  states: {
    starting: {
      on: {
        started: "serving",
        stop: "draining",
        crashed: [
          { guard: "withinBudget", target: "restarting", actions: "noteCrash" },
          { target: "failed", actions: "noteCrash" }
        ]
      }
    },
    serving: {
      on: {
        stop: "draining",
        crashed: [
          { guard: "withinBudget", target: "restarting", actions: "noteCrash" },
          { target: "failed", actions: "noteCrash" }
        ]
      }
    },
    restarting: {
      after: { backoff: { target: "starting", actions: "countRestart" } },
      on: { stop: "stopped" }
    },
    draining: { on: { finished: "stopped", crashed: { target: "stopped", actions: "noteCrash" } } },
    stopped: { type: "final" },
    failed: { type: "final" }
  }
})

export type LifecycleState = "starting" | "serving" | "restarting" | "draining" | "stopped" | "failed"
