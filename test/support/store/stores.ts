/** A store of each kind, fresh for each scope. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Metrics } from "../../../src/services/Metrics.ts"
import { openLmdbStore } from "../../../src/services/store/LmdbStore.ts"
import { layerMemory } from "../../../src/services/store/MemoryStore.ts"
import { Store } from "../../../src/services/store/Store.ts"

export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "clarion-store-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

export const inMemory: Layer.Layer<Store> = layerMemory

/** The store of a directory, for as long as the scope lives. */
export const storeOf = (directory: string): Layer.Layer<Store> =>
  Layer.effect(Store, Effect.orDie(openLmdbStore(directory))).pipe(Layer.provide(Metrics.layer))

export const onDisk: Layer.Layer<Store> = Layer.unwrap(Effect.map(temporaryDirectory, storeOf))
