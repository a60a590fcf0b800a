/**
 * Many commits in one transaction: what is asked for while a transaction is being written to the disk waits for the next one, and goes into it
 * together. So a commit costs a share of a transaction, and the order of commits is the order in which they were asked for.
 */
import * as Effect from "effect/Effect"
import { type Key, StoreFailed } from "./Store.ts"

/** What a transaction takes at most; the commits behind it wait for the next one, each with its fiber. One commit is never divided. */
export const TRANSACTION_WRITES = 2000
export const TRANSACTION_BYTES = 8 * 1024 * 1024

/** Writes of one commit, ready to be put: their keys can be, and their values are bytes. */
export interface PreparedWrite {
  readonly table: string
  readonly key: Key
  /** Absent: the key is removed. */
  readonly value?: Buffer | undefined
}

export interface Prepared {
  readonly writes: ReadonlyArray<PreparedWrite>
  readonly bytes: number
}

interface Waiting extends Prepared {
  readonly resume: (outcome: Effect.Effect<void, StoreFailed>) => void
}

/** Writes all of it in one transaction, or nothing; rejects with a StoreFailed. Not called again before it has settled. */
export type WriteTransaction = (writes: ReadonlyArray<PreparedWrite>, bytes: number) => Promise<void>

export class GroupCommit {
  readonly #writeTransaction: WriteTransaction
  #waiting: Array<Waiting> = []
  #isWriting = false
  #idle: Array<() => void> = []

  constructor(writeTransaction: WriteTransaction) {
    this.#writeTransaction = writeTransaction
  }

  /** Interrupting it takes nothing back: the commit may be done. */
  commit(prepare: () => Prepared): Effect.Effect<void, StoreFailed> {
    return Effect.callback<void, StoreFailed>((resume) => {
      this.#waiting.push({ ...prepare(), resume })
      if (!this.#isWriting) {
        this.#isWriting = true
        // What else is asked for in this turn of the event loop goes with it.
        setImmediate(() => void this.#write())
      }
    })
  }

  /** Completes when nothing is being written and nothing waits. */
  readonly settled: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (!this.#isWriting) resume(Effect.void)
    else this.#idle.push(() => resume(Effect.void))
  })

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      const writes = group.flatMap((commit) => commit.writes)
      const bytes = group.reduce((sum, commit) => sum + commit.bytes, 0)
      const outcome = await this.#writeTransaction(writes, bytes).then(
        () => Effect.void,
        (error: unknown) =>
          error instanceof StoreFailed
            ? Effect.fail(error)
            : Effect.fail(new StoreFailed({ reason: "broken", detail: String(error) }))
      )
      for (const { resume } of group) resume(outcome)
    }
    this.#isWriting = false
    for (const tell of this.#idle.splice(0)) tell()
  }

  #takeGroup(): ReadonlyArray<Waiting> {
    let [writes, bytes, taken] = [0, 0, 0]
    for (const next of this.#waiting) {
      writes += next.writes.length
      bytes += next.bytes
      if (taken > 0 && (writes > TRANSACTION_WRITES || bytes > TRANSACTION_BYTES)) break
      taken++
    }
    return this.#waiting.splice(0, taken)
  }
}
