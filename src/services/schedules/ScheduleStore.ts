/**
 * Where schedules and their runs are kept. Every implementation is held to one suite (test/contract/scheduleStoreSuite.ts).
 *
 * Guarantees: `commit` is atomic and, where the store is durable, on disk when it succeeds; commits happen in the order of their calls. What a
 * commit that succeeded has written is seen by every later read.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { StoreFailed } from "../store/Store.ts"
import type { Run, Schedule, ScheduleState } from "./Schedule.ts"

/** A part of a long list. `cursor` of one page is where the next begins; undefined: it was the last. */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly cursor?: string | undefined
}

export interface ScheduleFilter {
  readonly state?: ScheduleState | undefined
  /** Only those that publish into this channel. */
  readonly channel?: string | undefined
  /** Entries of a page at most. */
  readonly limit: number
  readonly cursor?: string | undefined
}

/** An entry of the due-time index. */
export interface Due {
  readonly fireAt: number
  readonly id: string
}

export type Change =
  /** The schedule as it is now; its entry in the due-time index follows from its `fireAt` while its state is "scheduled". */
  | { readonly kind: "schedule"; readonly schedule: Schedule; readonly before: Schedule | undefined }
  /** A schedule and its runs are forgotten. */
  | { readonly kind: "forget"; readonly schedule: Schedule }
  | { readonly kind: "run"; readonly run: Run }

export class ScheduleStore extends Context.Service<
  ScheduleStore,
  {
    readonly commit: (changes: ReadonlyArray<Change>) => Effect.Effect<void, StoreFailed>
    readonly get: (id: string) => Effect.Effect<Schedule | undefined, StoreFailed>
    /** In the order of their ids. */
    readonly list: (filter: ScheduleFilter) => Effect.Effect<Page<Schedule>, StoreFailed>
    /** Schedules that are kept. */
    readonly size: Effect.Effect<number, StoreFailed>
    /** The entries of the due-time index before a time, in their order. */
    readonly due: (before: number, limit: number) => Effect.Effect<ReadonlyArray<Due>, StoreFailed>
    /** The first time in the due-time index. */
    readonly nextFireAt: Effect.Effect<number | undefined, StoreFailed>
    /** Runs that are not over, of all schedules: what a process that ended left behind. */
    readonly openRuns: Effect.Effect<ReadonlyArray<Run>, StoreFailed>
    /** Newest first. */
    readonly runs: (
      schedule: string,
      filter: { readonly limit: number; readonly cursor?: string | undefined }
    ) => Effect.Effect<Page<Run>, StoreFailed>
    /** Removes schedules in a final state, and runs, that ended before a time; at most so many in one call. How many there were. */
    readonly expire: (before: number, limit: number) => Effect.Effect<number, StoreFailed>
  }
>()("clarion/services/ScheduleStore") {}
