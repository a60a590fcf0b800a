/**
 * What outlives the process: tables of plain values in the order of their keys, in memory or on disk. Schedules, durable history and receipts
 * are kept in it. Every implementation is held to one suite (test/contract/storeSuite.ts).
 *
 * Guarantees:
 * - Atomic: the writes of one `commit` are all there afterwards, or none is. Commits happen in the order of their calls.
 * - Durable, on disk: once `commit` has succeeded its writes survive the end of the process and of the machine.
 * - A commit that fails has changed nothing, and later ones may succeed: a full disk is an answer. Reading goes on.
 * - `get` and `range` see every commit that has succeeded, and see a commit whole or not at all.
 * - A commit whose fiber is interrupted may be done nonetheless. Commits that are under way when the store closes are done before.
 * - A key that cannot be (without parts, with NaN, more than 1,900 bytes: storeKey.ts) and a value that is not plain data are faults of the program:
 *   defects, which change nothing.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

/**
 * What a key is made of, at least one part, compared part by part: numbers before texts, numbers by value, texts by their UTF-8 bytes. Texts are
 * well-formed: half of a surrogate pair is kept as U+FFFD.
 */
export type Key = ReadonlyArray<string | number>

/** Plain data: objects, arrays, texts, numbers, booleans, null, undefined and bytes. It must not be changed afterwards. */
export type Value = unknown

export interface Write {
  readonly table: string
  readonly key: Key
  /** Absent: the key is removed. */
  readonly value?: Value
}

export interface Range {
  /** The first key, itself included; absent: from the beginning. A part of a key stands before all keys that begin with it. */
  readonly from?: Key
  /** The key before which it ends; absent: to the end. */
  readonly to?: Key
  /** The last key comes first. */
  readonly isReverse?: boolean
  readonly limit?: number
}

/**
 * The store cannot do it now: the disk is full, the directory is read-only, the disk fails; or at no time: it is too large for where it is to be kept.
 * Nothing was changed.
 */
export class StoreFailed extends Data.TaggedError("StoreFailed")<{
  readonly reason: "full" | "read-only" | "broken" | "too-large"
  readonly detail: string
}> {
  override get message(): string {
    return `the store cannot be used: ${this.detail}`
  }
}

export class Store extends Context.Service<
  Store,
  {
    /** Undefined: there is none. */
    readonly get: (table: string, key: Key) => Effect.Effect<Value | undefined, StoreFailed>
    /** What stands in a part of a table, read at one moment. */
    readonly range: (
      table: string,
      range: Range
    ) => Effect.Effect<ReadonlyArray<readonly [key: Key, value: Value]>, StoreFailed>
    readonly commit: (writes: ReadonlyArray<Write>) => Effect.Effect<void, StoreFailed>
    /** Entries of a table. */
    readonly count: (table: string) => Effect.Effect<number, StoreFailed>
    /** False where what is kept ends with the process. */
    readonly isDurable: boolean
  }
>()("clarion/services/Store") {}
