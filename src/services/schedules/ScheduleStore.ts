/**
 * Where schedules and their runs are kept, of this process alone or of all nodes of a cluster. Every implementation is held to one suite
 * (test/contract/scheduleStoreSuite.ts).
 *
 * Guarantees: `commit` is atomic for each schedule with its runs (and as a whole, where the store is this process's own) and, where the store is
 * durable, on disk when it succeeds; commits happen in the order of their calls. What a commit that succeeded has written is seen by every
 * later read of this process, and soon by those of other nodes.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
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

/** The place before all entries of a time. */
export const beginningOf = (fireAt: number): Due => ({ fireAt, id: "" })

export type Change =
  /**
   * The schedule as it is now; its entry in the due-time index follows from its `fireAt` while its state is "scheduled". `before` is what `get` gave,
   * or what was committed last.
   */
  | { readonly kind: "schedule"; readonly schedule: Schedule; readonly before: Schedule | undefined }
  /** The newest `RUNS_KEPT` of a schedule are kept. */
  | { readonly kind: "run"; readonly run: Run }

/** Schedules of which a commit has written nothing: another node has changed them since they were read. */
export type Lost = ReadonlySet<string>

export const NONE_LOST: Lost = new Set()

/** Runs of one schedule that are kept at most. */
export const RUNS_KEPT = 1000

export interface ScheduleFigures {
  /** Schedules that are kept, in whatever state. */
  readonly schedules: number
  /** Entries of the due-time index. */
  readonly pending: number
  /** Those in a final state. */
  readonly ended: number
  readonly openRuns: number
}

/** What other nodes do with schedules of the same store. */
export interface OtherNodes {
  /** False where the store is this process's own. */
  readonly areThere: boolean
  /** Another node has a run of the schedule under way. */
  readonly areRunning: (id: string) => boolean
  /** Completes when none has; false: that takes too long. */
  readonly haveRun: (id: string) => Effect.Effect<boolean>
  /** Told of each schedule that another node has changed, until the scope closes. Synchronous. */
  readonly onChange: (told: (schedule: Schedule) => void) => Effect.Effect<void, never, Scope.Scope>
}

/** The store is this process's own. */
export const NO_OTHERS: OtherNodes = {
  areThere: false,
  areRunning: () => false,
  haveRun: () => Effect.succeed(true),
  onChange: () => Effect.void
}

export class ScheduleStore extends Context.Service<
  ScheduleStore,
  {
    /**
     * A failure has written nothing, where the store is this process's own. With other nodes it may have written some of it; runs of which that
     * leaves open whether they are begun are among the `openRuns` after it.
     */
    readonly commit: (changes: ReadonlyArray<Change>) => Effect.Effect<Lost, StoreFailed>
    /** Another number after each commit, and after each step of `expire` that has forgotten a schedule. */
    readonly version: () => number
    readonly get: (id: string) => Effect.Effect<Schedule | undefined, StoreFailed>
    /**
     * In the order of their ids. One call looks at so many at most, and at so many bytes of them, that it takes some 0.1 s: a page of a narrow
     * filter, or of schedules with very many channels, may have fewer entries than asked for, even none, and a cursor all the same.
     */
    readonly list: (filter: ScheduleFilter) => Effect.Effect<Page<Schedule>, StoreFailed>
    readonly figures: Effect.Effect<ScheduleFigures, StoreFailed>
    /** Entries of the due-time index behind a place in it, which need not be there, and before a time; in their order. */
    readonly due: (
      after: Due,
      before: number,
      limit: number
    ) => Effect.Effect<ReadonlyArray<Due>, StoreFailed>
    /**
     * Runs that are not over, of all schedules: what a process that ended left behind. With other nodes: those that it is up to this node to end, and
     * not those that another one has under way.
     */
    readonly openRuns: Effect.Effect<ReadonlyArray<Run>, StoreFailed>
    /** Whether it is not over; another node may have ended a run that was begun here. */
    readonly isOpen: (run: Run) => Effect.Effect<boolean, StoreFailed>
    /** Newest first. */
    readonly runs: (
      schedule: string,
      filter: { readonly limit: number; readonly cursor?: string | undefined }
    ) => Effect.Effect<Page<Run>, StoreFailed>
    /**
     * A step of forgetting schedules in a final state, with their runs, and runs of others, that ended before a time. A round begins without
     * a cursor and is done where the answer has none.
     */
    readonly expire: (
      before: number,
      cursor?: string | undefined
    ) => Effect.Effect<{ readonly schedules: number; readonly cursor?: string | undefined }, StoreFailed>
    readonly others: OtherNodes
  }
>()("clarion/services/ScheduleStore") {}
