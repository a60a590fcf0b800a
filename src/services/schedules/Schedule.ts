/** A schedule: a stored instruction to publish, and what has become of it so far. Times are milliseconds since the epoch. */

/** When it is due. */
export type Trigger =
  | { readonly kind: "at"; readonly at: number }
  /** At a fixed rate: `start`, `start + every`, … while before `end`. */
  | {
      readonly kind: "every"
      readonly every: number
      readonly start: number
      readonly end?: number | undefined
    }
  /** 5 fields, or 6 with seconds first, in the local time of an IANA zone; from `start` on, before `end`. */
  | {
      readonly kind: "cron"
      readonly expression: string
      readonly timeZone: string
      readonly start: number
      readonly end?: number | undefined
    }

/** What becomes of due times that passed while nobody could send: none, the last one, or all of them within a bound. */
export type CatchUp = "skip" | "once" | "all"

/** What is published: bytes, or a JSON text whose placeholders are filled in for each run. */
export type Payload =
  | { readonly kind: "data"; readonly data: Uint8Array }
  | { readonly kind: "template"; readonly text: string }

/** What a schedule is to do. */
export interface ScheduleSpec {
  readonly trigger: Trigger
  /** At least one; `broadcast` is heard by every raw connection, too. */
  readonly channels: ReadonlyArray<string>
  readonly payload: Payload
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Runs that were sent or failed, after which it is completed; undefined: no end. */
  readonly maxRuns?: number | undefined
  /** Each run waits up to so many ms after its due time, the same for one due time however often it is asked. */
  readonly jitter: number
  /** Connections without which a run sends nothing and is "gated". */
  readonly minConnections: number
  readonly catchUp: CatchUp
  /** What it is for, in the words of its maker. */
  readonly about: string
}

/** The states of scheduleMachine.ts. The last three are final. */
export type ScheduleState = "scheduled" | "due" | "sending" | "paused" | "completed" | "failed" | "cancelled"

export const finalStates: ReadonlySet<ScheduleState> = new Set(["completed", "failed", "cancelled"])

export interface Schedule extends ScheduleSpec {
  readonly id: string
  /** 1, and one more with each change that somebody asked for. */
  readonly revision: number
  readonly state: ScheduleState
  readonly createdAt: number
  readonly updatedAt: number
  /** The next due time, without its jitter; undefined: there is none any more, or not while it is paused. */
  readonly due?: number | undefined
  /** When the run of `due` begins: with its jitter. */
  readonly fireAt?: number | undefined
  /** The last due time that was dealt with: no due time up to it comes again, whatever becomes of the clock and the trigger. */
  readonly lastDue?: number | undefined
  /** Number of the last run. */
  readonly runs: number
  /** Runs that were ever recorded, those without a number included. */
  readonly records: number
  /** Why it failed. */
  readonly failure?: string | undefined
}

/**
 * What became of one due time.
 *
 * - `sending`: begun, and not known to be over.
 * - `sent`: published in every channel.
 * - `gated`: too few connections; nothing was sent, and it does not count as a run.
 * - `skipped`: nobody could send in time, and the catch-up policy leaves it out; or it waited while its schedule was changed, paused or cancelled.
 * - `failed`: not published in at least one channel; `detail` says why.
 * - `interrupted`: the process ended while it was sending, and it is not sure that every channel could be sent to again without anything coming twice:
 *   it may have been sent, and is not sent again.
 */
export type RunOutcome = "sending" | "sent" | "gated" | "skipped" | "failed" | "interrupted"

export interface Run {
  /** A UUID: the id of its receipt, `{{id}}` in a template, and part of its idempotency keys. */
  readonly id: string
  readonly schedule: string
  /** 1, 2, …; 0 where nothing was sent ("gated", "skipped"). */
  readonly number: number
  /** Its place among the schedule's records: 1, 2, … */
  readonly sequence: number
  /** By "run now", beside the due times. */
  readonly isAsked: boolean
  /** All its channels had durable history when it was begun: what was published of it is known to the broker after a crash, for a time. */
  readonly isRepeatable?: boolean | undefined
  /** The due time, without jitter; of "run now" the time when it was asked for. */
  readonly due: number
  readonly outcome: RunOutcome
  readonly startedAt: number
  readonly endedAt?: number | undefined
  readonly detail?: string | undefined
}
