/**
 * Schedules: publishing at a time, after a delay, at a fixed rate or by cron, whatever happens to the process in between.
 *
 * Guarantees:
 * - What `create`, `update`, `pause`, `resume` and `cancel` have answered is on disk, where the store is durable, and holds after a kill.
 * - One run for each due time, never two, and nothing of a run is published twice in a channel. One that was under way at a crash is published
 *   again, where it is missing, if all its channels had durable history when it was begun and still have, and it was begun less than four
 *   minutes before (`REPEAT_WITHIN_MS`). Any other is not sent again, and its outcome, "interrupted", says that it may not have been sent.
 * - A due time is never early. One that could not be met in time (`schedules.lateness`) is the catch-up policy's.
 * - Each due time that has come has a run, or is counted in one that was "skipped": by the policy, or as the schedule was changed, paused or cancelled.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { Receipt } from "../receipts/Receipts.ts"
import type { StoreFailed } from "../store/Store.ts"
import type { CatchUp, Run, Schedule } from "./Schedule.ts"
import type { Page, ScheduleFilter } from "./ScheduleStore.ts"
import type { ScheduleBusy } from "./Turns.ts"

/** When, as it is asked for; exactly one of `at`, `delay`, `every` and `cron`. */
export interface WhenRequest {
  /** An ISO 8601 time with its offset, or milliseconds since the epoch. */
  readonly at?: string | number | undefined
  /** From now: "10 minutes", or milliseconds. */
  readonly delay?: string | number | undefined
  readonly every?: string | number | undefined
  readonly cron?: string | undefined
  /** Of `cron`: an IANA zone; UTC without it. */
  readonly timeZone?: string | undefined
  /** Of `every` and `cron`, as `at`. Of `every`, the first run; one interval from now without it. */
  readonly start?: string | number | undefined
  readonly end?: string | number | undefined
}

export interface ScheduleRequest extends WhenRequest {
  /** Chosen by the caller, who can then create again what may have been created; a UUID without it. */
  readonly id?: string | undefined
  readonly channels: ReadonlyArray<string>
  /** The bytes to publish; exactly one of `data` and `template`. */
  readonly data?: Uint8Array | undefined
  /** JSON text with `{{due}}`, `{{dueMs}}`, `{{run}}` and `{{id}}` in it. */
  readonly template?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly maxRuns?: number | undefined
  readonly jitter?: string | number | undefined
  readonly minConnections?: number | undefined
  readonly catchUp?: CatchUp | undefined
  readonly about?: string | undefined
}

/** The members that a schedule may be without. */
type Removable =
  | "timeZone"
  | "start"
  | "end"
  | "tags"
  | "maxRuns"
  | "jitter"
  | "minConnections"
  | "catchUp"
  | "about"

/** What is changed; what is absent stays. Null takes a member away: then it is as in a request that never had it. */
export type ScheduleChange = Partial<Omit<ScheduleRequest, "id" | Removable>> & {
  readonly [Member in Removable]?: ScheduleRequest[Member] | null
} & {
  /** Refused with `ScheduleConflict` unless it is the schedule's revision. */
  readonly revision?: number | undefined
}

export interface Problem {
  /** The member of the request: "cron", "channels[3]". */
  readonly where: string
  readonly message: string
}

/** The request cannot be; every problem is listed. */
export class ScheduleInvalid extends Data.TaggedError("ScheduleInvalid")<{
  readonly problems: ReadonlyArray<Problem>
}> {
  override get message(): string {
    return this.problems.map(({ where, message }) => `${where}: ${message}`).join("; ")
  }
}

export class ScheduleUnknown extends Data.TaggedError("ScheduleUnknown")<{ readonly id: string }> {
  override get message(): string {
    return `there is no schedule ${this.id}`
  }
}

/** It is not as the request assumes: another one has that id, another revision, or a final state. */
export class ScheduleConflict extends Data.TaggedError("ScheduleConflict")<{
  readonly schedule: Schedule
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
}

/** `schedules.max` is reached. */
export class TooManySchedules extends Data.TaggedError("TooManySchedules")<{ readonly max: number }> {
  override get message(): string {
    return `there are ${this.max} schedules already, which is schedules.max`
  }
}

export interface Created {
  readonly schedule: Schedule
  /** False: the same schedule was there already. */
  readonly isNew: boolean
}

export interface RunWithReceipt extends Run {
  /** Null where nothing was published, it is no longer kept, or cannot be read now. */
  readonly receipt: Receipt | null
}

export type ChangeFailure = ScheduleUnknown | ScheduleConflict | ScheduleBusy | StoreFailed

export class Scheduler extends Context.Service<
  Scheduler,
  {
    readonly create: (
      request: ScheduleRequest
    ) => Effect.Effect<
      Created,
      ScheduleInvalid | ScheduleConflict | ScheduleBusy | TooManySchedules | StoreFailed
    >
    /**
     * What is wrong with the members that are there, for a request that is refused anyway because others could not be read: nothing is
     * done, and nothing is said of members that are missing.
     */
    readonly check: (
      request: ScheduleChange & Pick<ScheduleRequest, "id">
    ) => Effect.Effect<ReadonlyArray<Problem>>
    readonly list: (filter: ScheduleFilter) => Effect.Effect<Page<Schedule>, StoreFailed>
    readonly get: (id: string) => Effect.Effect<Schedule, ScheduleUnknown | StoreFailed>
    /** The next due times of a schedule, without jitter, at most so many; of one that is paused, those it would have. */
    readonly nextOf: (schedule: Schedule, count: number) => ReadonlyArray<number>
    /** The due times that such a schedule would have. */
    readonly preview: (
      when: WhenRequest & Pick<ScheduleRequest, "maxRuns">,
      count: number
    ) => Effect.Effect<ReadonlyArray<number>, ScheduleInvalid>
    /** A change that changes nothing is answered with the schedule as it is. */
    readonly update: (
      id: string,
      change: ScheduleChange
    ) => Effect.Effect<Schedule, ScheduleInvalid | ChangeFailure>
    readonly pause: (id: string) => Effect.Effect<Schedule, ChangeFailure>
    /** Due times that passed while it was paused are not caught up. */
    readonly resume: (id: string) => Effect.Effect<Schedule, ChangeFailure>
    /** One run more, now, whatever is due; waits until it was published. */
    readonly runNow: (id: string) => Effect.Effect<Run, ChangeFailure>
    readonly cancel: (id: string) => Effect.Effect<Schedule, ChangeFailure>
    /** Newest first. */
    readonly runs: (
      id: string,
      filter: { readonly limit: number; readonly cursor?: string | undefined }
    ) => Effect.Effect<Page<RunWithReceipt>, ScheduleUnknown | StoreFailed>
  }
>()("clarion/services/Scheduler") {}
