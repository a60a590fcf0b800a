/** The store on disk: one LMDB file in a directory. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { GroupCommit } from "./GroupCommit.ts"
import { failureOf, LmdbTables } from "./LmdbTables.ts"
import { Store, type StoreFailed, type Write } from "./Store.ts"
import { valueToBytes } from "./storedValue.ts"
import { ImpossibleKey, keyToBytes } from "./storeKey.ts"

const FILE = "clarion.mdb"

const prepare = (writes: ReadonlyArray<Write>) => {
  let bytes = 0
  const prepared = writes.map(({ table, key, value }) => {
    const write = {
      table,
      key: keyToBytes(key),
      value: value === undefined ? undefined : valueToBytes(value)
    }
    bytes += write.key.length + (write.value?.length ?? 0)
    return write
  })
  return { writes: prepared, bytes }
}

/** Opens the store of a directory, which is made where it is missing. The scope's end waits for what is being written, and closes it. */
export const openLmdbStore = Effect.fnUntraced(function* (directory: string) {
  const tables = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        mkdirSync(directory, { recursive: true, mode: 0o700 })
        return new LmdbTables(join(directory, FILE), false)
      },
      catch: failureOf
    }),
    (tables) => Effect.promise(() => tables.close())
  )
  const commits = new GroupCommit((writes) => tables.write(writes))
  yield* Effect.addFinalizer(() => commits.settled)
  const read = <A>(use: () => A): Effect.Effect<A, StoreFailed> =>
    Effect.suspend(() => {
      try {
        return Effect.succeed(use())
      } catch (error) {
        return error instanceof ImpossibleKey ? Effect.die(error) : Effect.fail(failureOf(error))
      }
    })
  return Store.of({
    get: (table, key) => read(() => tables.get(table, key)),
    range: (table, range) => read(() => tables.range(table, range)),
    commit: (writes) => (writes.length === 0 ? Effect.void : commits.commit(() => prepare(writes))),
    count: (table) => read(() => tables.count(table)),
    isDurable: true
  })
})

export const layerDisk = (directory: string): Layer.Layer<Store, StoreFailed> =>
  Layer.effect(Store, openLmdbStore(directory))
