/** A store that does what a test says: it fails, it lies, or it waits. */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import { MemoryStore } from "../../../src/services/store/MemoryStore.ts"
import { Store, StoreFailed, type Write } from "../../../src/services/store/Store.ts"

export class WeakStore {
  /** What commits do: all is well; nothing is written and it says so; it is written, and it says that nothing is. */
  commits: "work" | "fail" | "lie" = "work"
  areReadsBroken = false
  /** What is written can be read for some turns of the event loop before the commit succeeds, as on a disk. */
  isSlow = false
  /** The writes of each commit. */
  readonly committed: Array<ReadonlyArray<Write>> = []
  /** Commits wait while it is closed. */
  readonly gate = Latch.makeUnsafe(true)
  readonly store = new MemoryStore()

  readonly #full = new StoreFailed({ reason: "full", detail: "no space left on device" })
  readonly #broken = new StoreFailed({ reason: "broken", detail: "input/output error" })

  readonly layer: Layer.Layer<Store> = Layer.sync(Store, () =>
    Store.of({
      get: (table, key) => this.#read(() => this.store.get(table, key)),
      range: (table, range) => this.#read(() => this.store.range(table, range)),
      commit: (writes) =>
        Effect.andThen(
          this.gate.await,
          Effect.suspend(() => {
            if (this.commits === "fail") return Effect.fail(this.#full)
            this.committed.push(writes)
            this.store.commit(writes)
            if (this.commits === "lie") return Effect.fail(this.#broken)
            return this.isSlow ? Effect.andThen(Effect.yieldNow, Effect.yieldNow) : Effect.void
          })
        ),
      count: (table) => this.#read(() => this.store.count(table)),
      isDurable: false
    })
  )

  #read<A>(read: () => A): Effect.Effect<A, StoreFailed> {
    return Effect.suspend(() => (this.areReadsBroken ? Effect.fail(this.#broken) : Effect.sync(read)))
  }
}
