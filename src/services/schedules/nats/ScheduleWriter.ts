/**
 * Writes schedules with their runs: each is one key, which is replaced only if it is as this node knows it. Of two nodes that change the same
 * schedule one is first, and the other one is told.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../../broker/Broker.ts"
import type { Bucket } from "../../nats/Bucket.ts"
import { tokenOf } from "../../nats/subjects.ts"
import type { Run, Schedule } from "../Schedule.ts"
import type { Change } from "../ScheduleStore.ts"
import { type KeptSchedule, keptFromBytes, keptToBytes, NOTHING, type OpenRun } from "./keptSchedule.ts"
import type { Entry, Replica } from "./Replica.ts"
import type { RunHistory } from "./RunHistory.ts"

/** What is to be changed of one schedule. */
export interface Group {
  readonly id: string
  readonly change: { readonly schedule: Schedule; readonly before: Schedule | undefined } | undefined
  readonly runs: ReadonlyArray<Run>
}

export const groupsOf = (changes: ReadonlyArray<Change>): ReadonlyArray<Group> => {
  const groups = new Map<string, { id: string; change: Group["change"]; runs: Array<Run> }>()
  for (const change of changes) {
    const id = change.kind === "schedule" ? change.schedule.id : change.run.schedule
    let group = groups.get(id)
    if (group === undefined) {
      group = { id, change: undefined, runs: [] }
      groups.set(id, group)
    }
    if (change.kind === "schedule") group.change = change
    else group.runs.push(change.run)
  }
  return [...groups.values()]
}

/** Bytes of what a schedule may have much of, with what stands before each of them. */
const sizeOf = ({ channels, payload, about, tags = {} }: Schedule): number => {
  let bytes = payload.kind === "data" ? payload.data.byteLength : Buffer.byteLength(payload.text)
  for (const channel of channels) bytes += Buffer.byteLength(channel) + 5
  for (const [name, value] of Object.entries(tags)) bytes += Buffer.byteLength(name + value) + 10
  return bytes + Buffer.byteLength(about)
}

/** Attempts to add runs to a schedule that others change meanwhile. */
const MERGES = 20

/** Bytes of a message that are not its value; and what runs may add to a schedule that was taken. */
const SLACK_BYTES = 32 * 1024
const DEFAULT_PAYLOAD = 2 ** 20

/** NATS takes no message as large as this schedule. */
export class ScheduleTooLarge extends Data.TaggedError("ScheduleTooLarge")<{ readonly detail: string }> {}

type Failure = BrokerUnavailable | ScheduleTooLarge

const isSame = (a: Run, b: Run): boolean => a.sequence === b.sequence

export class ScheduleWriter {
  /**
   * @param ownerOf whose run that is, which this node begins
   * @param look at the bucket: whether it began anew
   * @param fork runs an effect behind the back of who writes
   */
  constructor(
    readonly bucket: Bucket,
    readonly replica: Replica,
    readonly history: RunHistory,
    readonly ownerOf: (run: Run) => Pick<OpenRun, "by" | "fence">,
    readonly look: Effect.Effect<void, BrokerUnavailable>,
    readonly fork: (effect: Effect.Effect<void>) => unknown
  ) {}

  /** False: another node was first, and what it has written is known here now. */
  write(group: Group): Effect.Effect<boolean, Failure> {
    return group.change === undefined ? this.#merge(group) : this.#replace(group, group.change)
  }

  /** Removes a schedule and its runs. False: it was changed meanwhile. */
  forget(id: string): Effect.Effect<boolean, BrokerUnavailable> {
    return Effect.gen({ self: this }, function* () {
      const entry = this.replica.entry(id)
      if (entry === undefined) return false
      const isWritten = yield* this.#put(entry, id, NOTHING)
      if (isWritten) yield* this.history.forget(id)
      return isWritten
    })
  }

  /** Reads what a key has now, where this node knows something else. */
  refresh(id: string): Effect.Effect<void, BrokerUnavailable> {
    return Effect.gen({ self: this }, function* () {
      const known = this.replica.entry(id)?.revision
      const last = yield* this.bucket.last(tokenOf(id))
      if (last === undefined) {
        // It was removed; or all was, and that is another matter.
        yield* this.look
        if (known !== undefined && this.replica.entry(id)?.revision === known && known > 0)
          this.replica.remove(id)
        return
      }
      const kept = keptFromBytes(id, last.value)
      if (kept !== undefined) this.replica.put(id, last.revision, kept)
    })
  }

  /** Writes what this node knows of a schedule that NATS has lost, where nobody else has. */
  restore(id: string): Effect.Effect<void, BrokerUnavailable> {
    return Effect.suspend(() => {
      const entry = this.replica.entry(id)
      if (entry?.revision !== 0) return Effect.void
      const { schedule, open, ended } = entry
      return Effect.asVoid(this.#put(entry, id, { schedule, open, ended }))
    })
  }

  #replace(
    { id, runs }: Group,
    { schedule, before }: NonNullable<Group["change"]>
  ): Effect.Effect<boolean, Failure> {
    return Effect.suspend((): Effect.Effect<boolean, Failure> => {
      const entry = this.replica.entry(id)
      const isAsRead =
        before === undefined
          ? entry?.schedule === undefined
          : entry !== undefined && this.replica.revisionOf(before) === entry.revision
      if (!isAsRead) return Effect.succeed(false)
      const kept = this.#withRuns(entry, schedule, runs)
      return Effect.andThen(this.#fits(schedule), this.#put(entry, id, kept))
    })
  }

  /** Only what somebody creates or changes is measured: runs fit into the slack. */
  #fits(schedule: Schedule): Effect.Effect<void, ScheduleTooLarge> {
    const most = (this.bucket.link.connection.info?.max_payload ?? DEFAULT_PAYLOAD) - SLACK_BYTES
    const bytes = sizeOf(schedule)
    return bytes <= most
      ? Effect.void
      : Effect.fail(
          new ScheduleTooLarge({
            detail: `schedule ${schedule.id} has ${bytes} bytes, and NATS takes ${most} (its max_payload, less what goes with it)`
          })
        )
  }

  /** Runs alone: whatever becomes of their schedule meanwhile. */
  #merge({ id, runs }: Group): Effect.Effect<boolean, BrokerUnavailable> {
    return Effect.gen({ self: this }, function* () {
      for (let attempt = 0; attempt < MERGES; attempt++) {
        const entry = this.replica.entry(id)
        const open = entry?.open ?? []
        const isKnown = runs.some(
          (run) => run.outcome === "sending" || open.some((one) => isSame(one.run, run))
        )
        if (!isKnown) {
          yield* Effect.forEach(runs, (run) => this.history.append(run), { concurrency: "unbounded" })
          this.replica.version++
          return true
        }
        if (yield* this.#put(entry, id, this.#withRuns(entry, entry?.schedule, runs))) return true
      }
      return yield* new BrokerUnavailable({ detail: `${id} is changed too often` })
    })
  }

  #withRuns(
    entry: Entry | undefined,
    schedule: Schedule | undefined,
    runs: ReadonlyArray<Run>
  ): KeptSchedule {
    const open = (entry?.open ?? []).filter((one) => !runs.some((run) => isSame(one.run, run)))
    const ended: Array<Run> = []
    for (const run of runs) {
      if (run.outcome === "sending") open.push({ run, ...this.ownerOf(run) })
      else ended.push(run)
    }
    return { schedule, open, ended }
  }

  /** Runs that ended before are in the history when the key no longer has them. */
  #put(entry: Entry | undefined, id: string, kept: KeptSchedule): Effect.Effect<boolean, BrokerUnavailable> {
    return Effect.gen({ self: this }, function* () {
      if (entry !== undefined) yield* this.#bring(entry)
      const bytes = keptToBytes(kept)
      const revision = yield* this.bucket.put(tokenOf(id), bytes, entry?.revision ?? 0)
      if (revision === undefined) {
        yield* this.refresh(id)
        return false
      }
      this.replica.put(id, revision, kept)
      const written = this.replica.entry(id)
      if (kept.ended.length > 0 && written !== undefined) this.fork(Effect.ignore(this.#bring(written)))
      return true
    })
  }

  /** Brings runs of an entry to the history, where they are not known to be there. */
  #bring(entry: Entry): Effect.Effect<void, BrokerUnavailable> {
    const missing = entry.ended.filter(({ sequence }) => sequence > entry.inHistory)
    if (missing.length === 0) return Effect.void
    return Effect.map(
      Effect.forEach(missing, (run) => this.history.append(run), { concurrency: "unbounded", discard: true }),
      () => {
        const last = missing.at(-1)!.sequence
        entry.inHistory = Math.max(entry.inHistory, last)
        const present = this.replica.entry(entry.id)
        if (present !== undefined) present.inHistory = Math.max(present.inHistory, last)
      }
    )
  }
}
