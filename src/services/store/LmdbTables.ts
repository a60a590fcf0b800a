/** The tables of one LMDB environment, a file: each is a database of it, with keys and values as bytes. */
import { statSync } from "node:fs"
import { type Database, open, type RangeOptions, type RootDatabase } from "lmdb"
import type { PreparedWrite } from "./GroupCommit.ts"
import { Headroom, pagesNeeded, reserveLockFile } from "./headroom.ts"
import { type Key, type Range, StoreFailed, type Value } from "./Store.ts"
import { sound, valueFromBytes, valueToBytes } from "./storedValue.ts"
import type { MigratingTable } from "./storeFormat.ts"
import { keySize, readKey, writeKey } from "./storeKey.ts"

/** Tables of a store at most. */
export const MAX_TABLES = 64

const asBytes = { encoding: "binary", keyEncoding: "binary" } as const

/** Values are bytes when they are put, and read from the package's own memory, without a copy of them. Its types leave this out for tables. */
const encoded: object = {
  encoder: {
    encode: (value: Buffer): Buffer => value,
    decode: (bytes: Buffer, size: number | undefined): Value => valueFromBytes(bytes, size ?? bytes.length)
  },
  keyEncoder: { writeKey, readKey }
}

/**
 * The list of free pages is read anew for each transaction, as LMDB has always done. What lmdb 3.5.6 keeps of it from one to the next goes wrong
 * where much is removed (kriszyp/lmdb-js issue 321). An option of the package that its types leave out.
 */
const freshFreeList: object = { maxFreeSpaceToRetain: 0 }

type Table = Database<Value, Array<string | number>>

/** What the package tells, and its types do not. */
interface RootStats {
  readonly pageSize: number
  readonly lastPageNumber: number
}

/** The package's keys are arrays that could be changed. */
const own = (key: Key) => key as Array<string | number>

export class LmdbTables {
  readonly #file: string
  readonly #root: RootDatabase<Uint8Array, Uint8Array>
  readonly #tables = new Map<string, Table>()
  /** Undefined: it is only read. */
  readonly #headroom: Headroom | undefined

  private constructor(
    file: string,
    root: RootDatabase<Uint8Array, Uint8Array>,
    headroom: Headroom | undefined
  ) {
    this.#file = file
    this.#root = root
    this.#headroom = headroom
    // The root holds the names of the tables, with a zero byte behind each.
    for (const name of [...root.getKeys()]) this.#open(Buffer.from(name).toString("utf8", 0, name.length - 1))
  }

  /** The file is sound (lmdbFile.ts), or missing. Rejects with what LMDB or the system says. */
  static async open(file: string, isReadOnly: boolean): Promise<LmdbTables> {
    if (!isReadOnly) await reserveLockFile(`${file}-lock`)
    const root = open<Uint8Array, Uint8Array>({
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
    let headroom: Headroom | undefined
    try {
      headroom = isReadOnly ? undefined : await Headroom.open(file)
      return new LmdbTables(file, root, headroom)
    } catch (error) {
      await headroom?.close()
      await root.close()
      throw error
    }
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0
  }

  /** Bytes of the file. */
  get size(): number {
    return statSync(this.#file).size
  }

  get(name: string, key: Key): Value | undefined {
    keySize(key)
    return sound(this.#tables.get(name)?.get(own(key)))
  }

  /** Read to its end at once: no cursor and no read transaction outlives the call. */
  range(name: string, { from = [], to, isReverse, limit }: Range): ReadonlyArray<readonly [Key, Value]> {
    const table = this.#tables.get(name)
    if (table === undefined || limit === 0) return []
    const ends =
      isReverse === true
        ? { reverse: true, start: to && own(to), exclusiveStart: true, end: own(from), inclusiveEnd: true }
        : { start: own(from), end: to && own(to) }
    const found: Array<readonly [Key, Value]> = []
    for (const { key, value } of table.getRange({ ...ends, limit } as RangeOptions))
      found.push([key, sound(value)])
    return found
  }

  count(name: string): number {
    const table = this.#tables.get(name)
    return table === undefined ? 0 : (table.getStats() as { readonly entryCount: number }).entryCount
  }

  /** All of it in one transaction that is on the disk when the promise is fulfilled, or nothing. */
  async write(writes: ReadonlyArray<PreparedWrite>, bytes: number): Promise<void> {
    try {
      await this.#reserve((used, pageSize) => pagesNeeded(writes.length, bytes, used, pageSize))
      // Before the transaction: opening a table is one of its own.
      for (const { table } of writes) if (!this.#tables.has(table)) this.#open(table)
      await this.#root.batch(() => {
        for (const { table, key, value } of writes) {
          if (value === undefined) void this.#tables.get(table)!.remove(own(key))
          else void this.#tables.get(table)!.put(own(key), value)
        }
      })
    } catch (error) {
      throw failureOf(await causeOf(error))
    }
    this.#root.resetReadTxn()
  }

  /**
   * Changes in one transaction, at once, while nothing else is written; where it throws nothing is changed. There is room for three times what
   * there is.
   */
  async change(use: (table: (name: string) => MigratingTable) => void): Promise<void> {
    await this.#reserve((used, pageSize) => pagesNeeded(1000, 0, 0, pageSize) + 3 * used)
    this.#root.transactionSync(() =>
      use((name) => ({
        range: (range) => this.range(name, range),
        put: (key, value) => {
          keySize(key)
          const table = this.#tables.get(name) ?? this.#open(name)
          if (value === undefined) table.removeSync(own(key))
          else table.putSync(own(key), valueToBytes(value))
        }
      }))
    )
  }

  async close(): Promise<void> {
    await this.#headroom?.close()
    await this.#root.close()
  }

  async #reserve(pages: (usedPages: number, pageSize: number) => number): Promise<void> {
    const { pageSize, lastPageNumber } = this.#root.getStats() as RootStats
    const used = lastPageNumber + 1
    await this.#headroom!.reserve((used + pages(used, pageSize)) * pageSize)
  }

  #open(name: string): Table {
    const table = this.#root.openDB<Value, Array<string | number>>(name, encoded)
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
