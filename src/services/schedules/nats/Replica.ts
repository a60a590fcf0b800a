/**
 * What this node knows of the schedules of the cluster: all of them, in memory, as the tables of a store, so that lists, figures and due times are
 * read without asking anybody. What it writes itself stands in it at once, what others write when NATS has told it.
 */
import * as Effect from "effect/Effect"
import { MemoryStore, memoryStore } from "../../store/MemoryStore.ts"
import type { Write } from "../../store/Store.ts"
import type { Schedule } from "../Schedule.ts"
import { ENDED, makeStoredSchedules, writeRemoval, writeSchedule } from "../storedSchedules.ts"
import { type KeptSchedule, NOTHING } from "./keptSchedule.ts"

export interface Entry extends KeptSchedule {
  readonly id: string
  /** 0: NATS has lost it. */
  readonly revision: number
  /** When it came here, in ms of this node's monotonic clock. */
  readonly at: number
  /** Runs up to this number are known to be in the history of runs. */
  inHistory: number
}

export class Replica {
  readonly #memory = new MemoryStore()
  readonly tables = makeStoredSchedules(memoryStore(this.#memory))
  /** Another number after each change. */
  version = 0
  readonly #entries = new Map<string, Entry>()
  /** Those with runs that are not over. */
  readonly #open = new Map<string, Entry>()
  /** Those that are not kept any more: only their revision is. */
  readonly #removed = new Map<string, Entry>()
  /** In which revision a schedule was read or written. */
  readonly #revisions = new WeakMap<Schedule, number>()
  readonly #told = new Set<(entry: Entry) => void>()

  /** @param now milliseconds of the monotonic clock */
  constructor(readonly now: () => number) {}

  entry(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  get open(): Iterable<Entry> {
    return this.#open.values()
  }

  get openRuns(): number {
    let runs = 0
    for (const { open } of this.#open.values()) runs += open.length
    return runs
  }

  get removed(): Iterable<Entry> {
    return this.#removed.values()
  }

  /** Whether a key is known in that revision, or a later one. */
  knows(id: string, revision: number): boolean {
    return (this.#entries.get(id)?.revision ?? 0) >= revision
  }

  /** Undefined: this store has not given it out. */
  revisionOf(schedule: Schedule): number | undefined {
    return this.#revisions.get(schedule)
  }

  /** What a key has in a revision. False: that, or a later one, is known already. */
  put(id: string, revision: number, kept: KeptSchedule): boolean {
    const before = this.#entries.get(id)
    if (before !== undefined && before.revision >= revision) {
      // What this node has written may have been told before its answer came.
      if (before.revision === revision && kept.schedule !== undefined)
        this.#revisions.set(kept.schedule, revision)
      return false
    }
    const entry: Entry = {
      ...kept,
      id,
      revision,
      at: this.now(),
      inHistory: kept.schedule === undefined ? 0 : (before?.inHistory ?? 0)
    }
    // What the tables do not take is not known of either.
    this.#write(kept.schedule, before?.schedule)
    this.#entries.set(id, entry)
    if (kept.schedule !== undefined) this.#revisions.set(kept.schedule, revision)
    this.#sort(entry)
    this.#tell(entry)
    return true
  }

  /** There is no trace of it any more. */
  remove(id: string): void {
    const before = this.#entries.get(id)
    if (before === undefined) return
    this.#entries.delete(id)
    this.#open.delete(id)
    this.#removed.delete(id)
    this.#write(undefined, before.schedule)
    this.#tell({ ...before, ...NOTHING })
  }

  /** NATS has lost all there was: what this node knows is what there is, until somebody writes it again. */
  begunAnew(): void {
    for (const [id, entry] of [...this.#entries]) {
      if (entry.schedule === undefined && entry.open.length === 0) {
        this.remove(id)
        continue
      }
      const lost = { ...entry, revision: 0 }
      this.#entries.set(id, lost)
      if (lost.schedule !== undefined) this.#revisions.set(lost.schedule, 0)
      this.#sort(lost)
    }
  }

  /** What NATS has lost, and nobody has written again. */
  get lost(): ReadonlyArray<string> {
    return [...this.#entries.values()].filter(({ revision }) => revision === 0).map(({ id }) => id)
  }

  /** Those that came into a final state before a time, the first so many. */
  endedBefore(before: number, limit: number): ReadonlyArray<string> {
    return this.#memory.range(ENDED, { to: [before], limit }).map(([[, id]]) => id as string)
  }

  /** Told of each change, synchronously, until the scope closes. */
  onChange(told: (entry: Entry) => void) {
    return Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => void this.#told.add(told)),
        () => Effect.sync(() => void this.#told.delete(told))
      )
    )
  }

  #sort(entry: Entry): void {
    if (entry.open.length > 0) this.#open.set(entry.id, entry)
    else this.#open.delete(entry.id)
    if (entry.schedule === undefined && entry.open.length === 0) this.#removed.set(entry.id, entry)
    else this.#removed.delete(entry.id)
  }

  #write(schedule: Schedule | undefined, before: Schedule | undefined): void {
    const writes: Array<Write> = []
    if (schedule !== undefined) writeSchedule(writes, schedule, before)
    else if (before !== undefined) writeRemoval(writes, before)
    this.#memory.commit(writes)
  }

  #tell(entry: Entry): void {
    this.version++
    for (const told of [...this.#told]) told(entry)
  }
}
