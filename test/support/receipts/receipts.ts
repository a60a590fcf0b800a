/** Receipts without a server: over a store that can be broken, with deliveries that are completed by hand. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../../src/config/ServerConfig.ts"
import { Hub } from "../../../src/services/Hub.ts"
import type { Delivery } from "../../../src/services/hot/Publication.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import type { ReceiptSubject } from "../../../src/services/receipts/Receipts.ts"
import * as StoredReceipts from "../../../src/services/receipts/StoredReceipts.ts"
import { layerMemory } from "../../../src/services/store/MemoryStore.ts"
import { Store, StoreFailed } from "../../../src/services/store/Store.ts"
import { configOf, type Settings } from "../server/serve.ts"

/** A store in memory that outlives those who use it, and fails while it is told to. */
export class Disk {
  isBroken = false
  commits = 0
  /** What commits wait for. */
  slowness: Effect.Effect<void> = Effect.void
  readonly layer: Layer.Layer<Store>

  constructor(store: Store["Service"]) {
    const failing = <A>(effect: Effect.Effect<A, StoreFailed>) =>
      Effect.suspend(() =>
        this.isBroken ? Effect.fail(new StoreFailed({ reason: "full", detail: "no space" })) : effect
      )
    this.layer = Layer.succeed(Store, {
      ...store,
      get: (table, key) => failing(store.get(table, key)),
      range: (table, range) => failing(store.range(table, range)),
      count: (table) => failing(store.count(table)),
      commit: (writes) => {
        this.commits++
        return Effect.andThen(this.slowness, failing(store.commit(writes)))
      }
    })
  }
}

export const makeDisk = Effect.map(Effect.provide(Store, layerMemory), (store) => new Disk(store))

/** Receipts with these settings, and what they need. */
export const layerReceipts = (disk: Disk, settings: Settings = {}) =>
  Layer.provideMerge(
    StoredReceipts.layer,
    Layer.mergeAll(disk.layer, Hub.layer, Metrics.layer, Layer.succeed(ServerConfig, configOf(settings)))
  )

export const broadcast = (id: string): ReceiptSubject => ({ id, kind: "broadcast", channels: ["broadcast"] })

export const run = (id: string, schedule: string): ReceiptSubject => ({
  id,
  kind: "schedule",
  schedule,
  channels: ["news"]
})

/** What a hub does: so many shards take it up, and are done with it at once. */
export const deliver = (
  delivery: Delivery,
  parts: ReadonlyArray<readonly [written: number, slow: number, closed: number]>,
  at = 1
): void => {
  delivery.expect(parts.length)
  for (const [written, slow, closed] of parts)
    delivery.add(written + slow + closed, written, slow, ...(written > 0 ? ([at, at + 1] as const) : NEVER))
}

const NEVER = [Number.NaN, Number.NaN] as const
