/** The tables of one LMDB environment, a file: each is a database of it, with keys and values as bytes. */
import { type Database, open, type RootDatabase } from "lmdb"
import type { PreparedWrite } from "./GroupCommit.ts"
import { type Key, type Range, StoreFailed, type Value } from "./Store.ts"
import { valueFromBytes } from "./storedValue.ts"
import { boundToBytes, keyFromBytes, keyToBytes } from "./storeKey.ts"

/** Tables of a store at most. */
export const MAX_TABLES = 64

const asBytes = { encoding: "binary", keyEncoding: "binary" } as const

type Table = Database<Uint8Array, Uint8Array>

export class LmdbTables {
  readonly #root: RootDatabase<Uint8Array, Uint8Array>
  readonly #tables = new Map<string, Table>()

  /** @throws what LMDB says */
  constructor(file: string, isReadOnly: boolean) {
    this.#root = open({
      path: file,
      ...asBytes,
      readOnly: isReadOnly,
      maxDbs: MAX_TABLES,
      // A transaction is visible when it is on the disk, not before: one that fails was never seen.
      overlappingSync: false,
      // Whole transactions are handed over here; there is nothing to wait for.
      eventTurnBatching: false
    })
    // The root holds the names of the tables.
    for (const name of this.#root.getKeys()) this.#open(Buffer.from(name).toString())
  }

  get(name: string, key: Key): Value | undefined {
    const bytes = this.#tables.get(name)?.getBinary(keyToBytes(key))
    return bytes === undefined ? undefined : valueFromBytes(bytes)
  }

  /** Read to its end at once: no cursor and no read transaction outlives the call. */
  range(
    name: string,
    { from = [], to, isReverse = false, limit }: Range
  ): ReadonlyArray<readonly [Key, Value]> {
    const table = this.#tables.get(name)
    if (table === undefined || limit === 0) return []
    // LMDB has no empty key: a range from there is one from the beginning, and a range to there is empty.
    const low = from.length === 0 ? undefined : boundToBytes(from)
    if (to?.length === 0) return []
    const high = to && boundToBytes(to)
    const entries = table.getRange({
      ...(isReverse
        ? {
            reverse: true,
            ...(high && { start: high, exclusiveStart: true }),
            ...(low && { end: low, inclusiveEnd: true })
          }
        : { ...(low && { start: low }), ...(high && { end: high }) }),
      ...(limit !== undefined && { limit })
    })
    const found: Array<readonly [Key, Value]> = []
    for (const { key, value } of entries) found.push([keyFromBytes(Buffer.from(key)), valueFromBytes(value)])
    return found
  }

  count(name: string): number {
    const table = this.#tables.get(name)
    return table === undefined ? 0 : (table.getStats() as { readonly entryCount: number }).entryCount
  }

  /** All of it in one transaction that is on the disk when the promise is fulfilled, or nothing. */
  async write(writes: ReadonlyArray<PreparedWrite>): Promise<void> {
    try {
      // Before the transaction: opening a table is one of its own.
      for (const { table } of writes) if (!this.#tables.has(table)) this.#open(table)
      await this.#root.batch(() => {
        for (const { table, key, value } of writes) {
          if (value === undefined) void this.#tables.get(table)!.remove(key)
          else void this.#tables.get(table)!.put(key, value)
        }
      })
    } catch (error) {
      throw failureOf(await causeOf(error))
    }
    this.#root.resetReadTxn()
  }

  close(): Promise<void> {
    return this.#root.close()
  }

  #open(name: string): void {
    this.#tables.set(name, this.#root.openDB<Uint8Array, Uint8Array>(name, asBytes))
  }
}

/** A transaction that failed says why in a promise. */
const causeOf = async (error: unknown): Promise<unknown> => {
  const { commitError } = error as { readonly commitError?: Promise<never> }
  return commitError === undefined ? error : await commitError.catch((cause: unknown) => cause)
}

/** ENOSPC, EFBIG, EDQUOT and MDB_MAP_FULL. */
const fullCodes = new Set([28, 27, 122, -30_792])
/** EPERM, EACCES, EROFS. */
const readOnlyCodes = new Set([1, 13, 30])

export const failureOf = (error: unknown): StoreFailed => {
  const { code, message } = error as { readonly code?: number; readonly message?: string }
  const reason =
    code === undefined
      ? "broken"
      : fullCodes.has(code)
        ? "full"
        : readOnlyCodes.has(code)
          ? "read-only"
          : "broken"
  return new StoreFailed({ reason, detail: message ?? String(error) })
}
