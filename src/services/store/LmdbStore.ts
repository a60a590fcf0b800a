/** The store on disk: one LMDB file in a directory, which one process has at a time. */
import { accessSync, constants, existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { counter, gauge, Metrics } from "../Metrics.ts"
import { lockDirectory } from "./directoryLock.ts"
import { GroupCommit } from "./GroupCommit.ts"
import { failureOf, isFull, LmdbTables, readOnlyCodes } from "./LmdbTables.ts"
import { damageOf } from "./lmdbFile.ts"
import { Store, StoreFailed, type Write } from "./Store.ts"
import { StoreUnusable } from "./StoreUnusable.ts"
import { valueToBytes } from "./storedValue.ts"
import { formatOf, type Migration, migrate, migrations } from "./storeFormat.ts"
import { ImpossibleKey, keySize } from "./storeKey.ts"

const FILE = "clarion.mdb"

/** Whether the directory is there and this process may write in it; a reason where not. */
const writableDirectory = (directory: string): StoreFailed | undefined => {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    accessSync(directory, constants.W_OK)
    return undefined
  } catch (error) {
    return new StoreFailed({
      reason: isFull(error) ? "full" : "read-only",
      detail: (error as Error).message
    })
  }
}

const unreachable = (path: string, error: unknown) =>
  new StoreUnusable({
    reason: "unreachable",
    path,
    detail: (error as Error).message,
    advice: "make it reachable for this user, or choose another store.path"
  })

const locked = (directory: string) =>
  new StoreUnusable({
    reason: "locked",
    path: directory,
    detail: "another running process has it",
    advice: "end that process, or give this one another store.path"
  })

const damaged = (path: string, detail: string) =>
  new StoreUnusable({
    reason: "damaged",
    path,
    detail: `the file is damaged: ${detail}`,
    advice: "put a copy in its place, or move it away to begin anew"
  })

/** For one process; a failure to lock that says that nothing can be written is the answer, too. */
const acquireLock = (directory: string): Effect.Effect<StoreFailed | undefined, StoreUnusable, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const attempt = yield* Effect.promise(() =>
        lockDirectory(directory).then(
          (lock) => ({ lock, error: undefined }),
          (error: unknown) => ({ lock: undefined, error })
        )
      )
      const { error, lock } = attempt
      if (error === undefined && lock === undefined) return yield* locked(directory)
      if (error === undefined) return { lock, failure: undefined }
      const isReadOnly = readOnlyCodes.has((error as NodeJS.ErrnoException).code)
      if (!isReadOnly && !isFull(error)) return yield* unreachable(directory, error)
      const reason = isReadOnly ? "read-only" : "full"
      return { lock: undefined, failure: new StoreFailed({ reason, detail: (error as Error).message }) }
    }),
    ({ lock }) => Effect.promise(async () => lock?.release())
  ).pipe(Effect.map(({ failure }) => failure))

/** Looks at the file before LMDB does. */
const inspect = (file: string) =>
  Effect.gen(function* () {
    const damage = yield* Effect.tryPromise({
      try: () => damageOf(file),
      catch: (error) => unreachable(file, error)
    })
    if (damage !== undefined) return yield* damaged(file, damage)
  })

const openTables = (file: string, isReadOnly: boolean) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => LmdbTables.open(file, isReadOnly),
      catch: (error) => (error instanceof Error ? unreachable(file, error) : damaged(file, String(error)))
    }),
    (tables) => Effect.promise(() => tables.close())
  )

/** Brings the store to this program's version, if it can be. */
const bringForward = (
  file: string,
  tables: LmdbTables,
  isReadOnly: boolean,
  steps: ReadonlyArray<Migration>
) =>
  Effect.gen(function* () {
    const state = yield* Effect.try({
      try: () => formatOf(tables, steps),
      catch: (error) => damaged(file, (error as Error).message)
    })
    if (state.kind === "current") return
    if (state.kind === "foreign") return yield* damaged(file, "it says no version")
    const version = state.kind === "new" ? 0 : state.version
    if (state.kind === "newer")
      return yield* new StoreUnusable({
        reason: "newer",
        path: file,
        detail: `its version is ${state.version}, and this program knows ${state.known} at most`,
        advice: "start the later program, or choose another store.path"
      })
    if (isReadOnly)
      return yield* unreachable(file, new Error(`its version ${version} is old, and it is read only`))
    if (version > 0) yield* Effect.logInfo(`the store ${file} is brought forward from version ${version}`)
    yield* Effect.tryPromise({
      try: () => migrate(tables, version, steps),
      catch: (error) => unreachable(file, error)
    })
  })

const prepare = (writes: ReadonlyArray<Write>) => {
  let bytes = 0
  const prepared = writes.map(({ table, key, value }) => {
    const stored = value === undefined ? undefined : valueToBytes(value)
    bytes += keySize(key) + (stored?.length ?? 0)
    return { table, key, value: stored }
  })
  return { writes: prepared, bytes }
}

const read = <A>(use: () => A): Effect.Effect<A, StoreFailed> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(use())
    } catch (error) {
      return error instanceof ImpossibleKey ? Effect.die(error) : Effect.fail(failureOf(error))
    }
  })

/** Nothing is there, and nothing can be written. */
const refusing = (failure: StoreFailed): Store["Service"] =>
  Store.of({
    get: () => Effect.succeed(undefined),
    range: () => Effect.succeed([]),
    commit: (writes) => (writes.length === 0 ? Effect.void : Effect.fail(failure)),
    count: () => Effect.succeed(0),
    isDurable: true
  })

const count = (counts: { commits: number; failed: number }, commit: Effect.Effect<void, StoreFailed>) =>
  Effect.tapError(
    Effect.tap(commit, () => Effect.sync(() => void counts.commits++)),
    () => Effect.sync(() => void counts.failed++)
  )

const register = (tables: LmdbTables, counts: { readonly commits: number; readonly failed: number }) =>
  Effect.flatMap(Metrics, ({ register }) =>
    register(
      Effect.sync(() => [
        gauge("clarion_store_bytes", "Bytes of the store's file", tables.size),
        counter("clarion_store_commits_total", "Commits that are on the disk", counts.commits),
        counter("clarion_store_commits_failed_total", "Commits that were refused", counts.failed)
      ])
    )
  )

/**
 * Opens the store of a directory, which is made where it is missing. Where nothing can be written there, what is there can be read, and
 * commits fail. The scope's end waits for what is being written, and closes it.
 */
export const openLmdbStore = Effect.fnUntraced(function* (
  directory: string,
  steps: ReadonlyArray<Migration> = migrations
): Effect.fn.Return<Store["Service"], StoreUnusable, Scope.Scope | Metrics> {
  const file = join(directory, FILE)
  const failure = writableDirectory(directory) ?? (yield* acquireLock(directory))
  if (failure !== undefined) {
    yield* Effect.logWarning(`nothing can be kept in ${directory}: ${failure.detail}`)
    if (!existsSync(file)) return refusing(failure)
  }
  const isReadOnly = failure !== undefined
  if (existsSync(file)) yield* inspect(file)
  const tables = yield* openTables(file, isReadOnly)
  yield* bringForward(file, tables, isReadOnly, steps)
  const commits = new GroupCommit((writes, bytes) => tables.write(writes, bytes))
  yield* Effect.addFinalizer(() => commits.settled)
  const counts = { commits: 0, failed: 0 }
  yield* register(tables, counts)
  return Store.of({
    get: (table, key) => read(() => tables.get(table, key)),
    range: (table, range) => read(() => tables.range(table, range)),
    commit: (writes) => {
      if (writes.length === 0) return Effect.void
      return count(
        counts,
        failure === undefined ? commits.commit(() => prepare(writes)) : Effect.fail(failure)
      )
    },
    count: (table) => read(() => tables.count(table)),
    isDurable: true
  })
})

export const layerDisk = (directory: string): Layer.Layer<Store, StoreUnusable, Metrics> =>
  Layer.effect(Store, openLmdbStore(directory))
