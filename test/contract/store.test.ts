/** Both stores are held to one contract. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { describe } from "vitest"
import { Metrics } from "../../src/services/Metrics.ts"
import { openLmdbStore } from "../../src/services/store/LmdbStore.ts"
import { layerMemory } from "../../src/services/store/MemoryStore.ts"
import { Store } from "../../src/services/store/Store.ts"
import { storeSuite } from "./storeSuite.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "clarion-store-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

describe("the store in memory", () =>
  storeSuite({
    start: Effect.map(Layer.build(layerMemory), (context) => Context.get(context, Store)),
    run
  }))

describe("the store on disk", () =>
  storeSuite({
    start: Effect.flatMap(temporaryDirectory, (directory) => openLmdbStore(directory)).pipe(
      Effect.provide(Metrics.layer),
      Effect.orDie
    ),
    run
  }))
