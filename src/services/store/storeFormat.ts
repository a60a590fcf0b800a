/**
 * The version of what is kept in a store, and how an older one is brought forward. Version 1 is the first; each step makes the next of the one
 * before it, in one transaction with its number, so that a crash in between does a step again from its beginning or not at all.
 */
import type { LmdbTables } from "./LmdbTables.ts"
import type { Key, Range, Value } from "./Store.ts"

/** A table as a migration sees it, in its transaction. */
export interface MigratingTable {
  readonly range: (range: Range) => ReadonlyArray<readonly [Key, Value]>
  /** Undefined: the key is removed. */
  readonly put: (key: Key, value: Value | undefined) => void
}

export interface Migration {
  /** What it does, for the log. */
  readonly name: string
  readonly run: (table: (name: string) => MigratingTable) => void
}

/** A run that is not over stands in the table of those, and no more among those that are. */
const openRunsStandApart: Migration = {
  name: "runs that are not over have a table of their own",
  run: (table) => {
    const [runs, open] = [table("schedules.runs"), table("schedules.open")]
    for (const [key] of open.range({})) {
      const [found] = runs.range({ from: key, to: [...key, ""], limit: 1 })
      open.put(key, found?.[1])
      runs.put(key, undefined)
    }
  }
}

/** The step from version n is at n - 1. Steps are never changed, only added. */
export const migrations: ReadonlyArray<Migration> = [openRunsStandApart]

/** The store's own table. */
const TABLE = "#store"
const FORMAT: Key = ["format"]

/** What is to be done with a store that was opened. */
export type FormatState =
  | { readonly kind: "current" }
  | { readonly kind: "new" }
  | { readonly kind: "older" | "newer"; readonly version: number; readonly known: number }
  /** LMDB's, but not of this program. */
  | { readonly kind: "foreign" }

export const formatOf = (tables: LmdbTables, steps: ReadonlyArray<Migration>): FormatState => {
  if (tables.isEmpty) return { kind: "new" }
  const version = tables.get(TABLE, FORMAT)
  const known = 1 + steps.length
  if (typeof version !== "number") return { kind: "foreign" }
  if (version === known) return { kind: "current" }
  return { kind: version > known ? "newer" : "older", version, known }
}

/** Brings the store from a version to the last, or a new one (0) to that at once. */
export const migrate = async (
  tables: LmdbTables,
  from: number,
  steps: ReadonlyArray<Migration>
): Promise<void> => {
  const known = 1 + steps.length
  if (from === 0) await tables.change((table) => table(TABLE).put(FORMAT, known))
  for (let version = from; version > 0 && version < known; version++)
    await tables.change((table) => {
      steps[version - 1]!.run(table)
      table(TABLE).put(FORMAT, version + 1)
    })
}
