/** The tables of one LMDB environment, a file: each is a database of it, with keys and values as bytes. */
import { statSync } from "node:fs"
import { type Database, open, type RootDatabase } from "lmdb"
import type { PreparedWrite } from "./GroupCommit.ts"
import { Headroom, pagesNeeded, reserveLockFile } from "./headroom.ts"
import { type Key, type Range, StoreFailed, type Value } from "./Store.ts"
import { valueFromBytes, valueToBytes } from "./storedValue.ts"
import type { MigratingTable } from "./storeFormat.ts"
import { boundToBytes, keyFromBytes, keyToBytes } from "./storeKey.ts"

/** Tables of a store at most. */
export const MAX_TABLES = 64

const asBytes = { encoding: "binary", keyEncoding: "binary" } as const

/**
 * The list of free pages is read anew for each transaction, as LMDB has always done. What lmdb 3.5.6 keeps of it from one to the next goes wrong
 * where much is removed (kriszyp/lmdb-js issue 321). An option of the package that its types leave out.
 */
const freshFreeList: object = { maxFreeSpaceToRetain: 0 }

type Table = Database<Uint8Array, Uint8Array>

/** What the package tells, and its types do not. */
interface RootStats {
  readonly pageSize: number
  readonly lastPageNumber: number
}

export class LmdbTables {
  readonly #file: string
  readonly #root: RootDatabase<Uint8Array, Uint8Array>
  readonly #tables = new Map<string, Table>()
  /** Undefined: it is only read. */
  readonly #headroom: Headroom | undefined

  /** The file is sound (lmdbFile.ts), or missing. @throws what LMDB or the system says */
  constructor(file: string, isReadOnly: boolean) {
    this.#file = file
    if (!isReadOnly) reserveLockFile(`${file}-lock`)
    this.#root = open({
      path: file,
      ...asBytes,
      readOnly: isReadOnly,
      maxDbs: MAX_TABLES,
      // A transaction is visible when it is on the disk, not before: one that fails was never seen.
      overlappingSync: false,
      // Whole transactions are handed over here; there is nothing to wait for.
      eventTurnBatching: false,
      ...freshFreeList
    })
    this.#headroom = isReadOnly ? undefined : new Headroom(file)
    // The root holds the names of the tables, with a zero byte behind each.
    for (const name of [...this.#root.getKeys()])
      this.#open(Buffer.from(name).toString("utf8", 0, name.length - 1))
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0
  }

  /** Bytes of the file. */
  get size(): number {
    return statSync(this.#file).size
  }

  get(name: string, key: Key): Value | undefined {
    const bytes = keyToBytes(key)
    const value = this.#tables.get(name)?.getBinary(bytes)
    return value === undefined ? undefined : valueFromBytes(bytes, value)
  }

  /** Read to its end at once: no cursor and no read transaction outlives the call. */
  range(name: string, range: Range): ReadonlyArray<readonly [Key, Value]> {
    const table = this.#tables.get(name)
    // LMDB has no empty key: a range from there is one from the beginning, and a range to there is empty.
    if (table === undefined || range.limit === 0 || range.to?.length === 0) return []
    const low = range.from === undefined || range.from.length === 0 ? undefined : boundToBytes(range.from)
    const high = range.to && boundToBytes(range.to)
    const ends =
      range.isReverse === true
        ? {
            reverse: true,
            ...(high && { start: high, exclusiveStart: true }),
            ...(low && { end: low, inclusiveEnd: true })
          }
        : { ...(low && { start: low }), ...(high && { end: high }) }
    const entries = table.getRange({ ...ends, ...(range.limit !== undefined && { limit: range.limit }) })
    return [...entries].map(({ key, value }) => [keyFromBytes(Buffer.from(key)), valueFromBytes(key, value)])
  }

  count(name: string): number {
    const table = this.#tables.get(name)
    return table === undefined ? 0 : (table.getStats() as { readonly entryCount: number }).entryCount
  }

  /** All of it in one transaction that is on the disk when the promise is fulfilled, or nothing. */
  async write(writes: ReadonlyArray<PreparedWrite>, bytes: number): Promise<void> {
    try {
      this.#reserve(writes.length, bytes)
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

  /** Changes in one transaction, at once, while nothing else is written; where it throws nothing is changed. */
  change(use: (table: (name: string) => MigratingTable) => void): void {
    this.#root.transactionSync(() =>
      use((name) => ({
        range: (range) => this.range(name, range),
        put: (key, value) => {
          const bytes = keyToBytes(key)
          const stored = value === undefined ? undefined : valueToBytes(bytes, value)
          this.#reserve(1, bytes.length + (stored?.length ?? 0))
          const table = this.#tables.get(name) ?? this.#open(name)
          if (stored === undefined) table.removeSync(bytes)
          else table.putSync(bytes, stored)
        }
      }))
    )
  }

  async close(): Promise<void> {
    this.#headroom?.close()
    await this.#root.close()
  }

  #reserve(writes: number, bytes: number): void {
    if (this.#headroom === undefined)
      throw new StoreFailed({ reason: "read-only", detail: `${this.#file} is read only` })
    const { pageSize, lastPageNumber } = this.#root.getStats() as RootStats
    const used = lastPageNumber + 1
    this.#headroom.reserve((used + pagesNeeded(writes, bytes, used, pageSize)) * pageSize)
  }

  #open(name: string): Table {
    const table = this.#root.openDB<Uint8Array, Uint8Array>(name, asBytes)
    this.#tables.set(name, table)
    return table
  }
}

/** A transaction that failed says why in a promise. */
const causeOf = async (error: unknown): Promise<unknown> => {
  const { commitError } = error as { readonly commitError?: Promise<never> }
  return commitError === undefined ? error : await commitError.catch((cause: unknown) => cause)
}

/** Node says names, LMDB numbers: those of the system, and MDB_MAP_FULL. */
const fullCodes = new Set<unknown>(["ENOSPC", "EDQUOT", "EFBIG", 28, 122, 27, -30_792])
export const readOnlyCodes = new Set<unknown>(["EROFS", "EACCES", "EPERM", 30, 13, 1])

export const isFull = (error: unknown): boolean => fullCodes.has((error as { readonly code?: unknown }).code)

export const failureOf = (error: unknown): StoreFailed => {
  if (error instanceof StoreFailed) return error
  const { code, message } = error as { readonly code?: unknown; readonly message?: string }
  const reason = isFull(error) ? "full" : readOnlyCodes.has(code) ? "read-only" : "broken"
  return new StoreFailed({ reason, detail: message ?? String(error) })
}
