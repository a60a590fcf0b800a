/** A store that ends with the process: one tree for each table. */
import { createRequire } from "node:module"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type sortedBTree from "sorted-btree"
import { type Key, type Range, Store, type Value, type Write } from "./Store.ts"
import { boundToText, keyFromText, keyToText } from "./storeKey.ts"

// The package is CommonJS with a default export, which Node, bundlers and test runners import in ways of their own.
const { default: BTree } = createRequire(import.meta.url)("sorted-btree") as typeof sortedBTree

type Table = InstanceType<typeof BTree<string, Value>>

/** Plain texts compare as they do in JavaScript; the tree's own order puts texts that look alike into question. */
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export class MemoryStore {
  readonly #tables = new Map<string, Table>()

  get(table: string, key: Key): Value | undefined {
    return this.#tables.get(table)?.get(keyToText(key))
  }

  range(table: string, range: Range): ReadonlyArray<readonly [Key, Value]> {
    const tree = this.#tables.get(table)
    if (tree === undefined) return []
    const limit = range.limit ?? Number.POSITIVE_INFINITY
    const found: Array<readonly [Key, Value]> = []
    for (const [key, value] of range.isReverse === true ? descending(tree, range) : ascending(tree, range)) {
      if (found.length >= limit) break
      found.push([keyFromText(key), value])
    }
    return found
  }

  commit(writes: ReadonlyArray<Write>): void {
    // All keys first: one that cannot be throws before anything is changed.
    const keys = writes.map(({ key }) => keyToText(key))
    writes.forEach(({ table, value }, index) => {
      if (value === undefined) this.#tables.get(table)?.delete(keys[index]!)
      else this.#table(table).set(keys[index]!, value)
    })
  }

  count(table: string): number {
    return this.#tables.get(table)?.size ?? 0
  }

  #table(name: string): Table {
    const known = this.#tables.get(name)
    if (known !== undefined) return known
    const made = new BTree<string, Value>(undefined, byText)
    this.#tables.set(name, made)
    return made
  }
}

function* ascending(tree: Table, { from = [], to }: Range): Iterable<[string, Value]> {
  const end = to === undefined ? undefined : boundToText(to)
  for (const entry of tree.entries(boundToText(from))) {
    if (end !== undefined && entry[0] >= end) return
    yield entry
  }
}

function* descending(tree: Table, { from = [], to }: Range): Iterable<[string, Value]> {
  const start = boundToText(from)
  for (const entry of tree.entriesReversed(to === undefined ? undefined : boundToText(to), undefined, true)) {
    if (entry[0] < start) return
    yield entry
  }
}

export const memoryStore = (store: MemoryStore): Store["Service"] =>
  Store.of({
    get: (table, key) => Effect.sync(() => store.get(table, key)),
    range: (table, range) => Effect.sync(() => store.range(table, range)),
    commit: (writes) => Effect.sync(() => store.commit(writes)),
    count: (table) => Effect.sync(() => store.count(table)),
    isDurable: false
  })

export const layerMemory = Layer.sync(Store, () => memoryStore(new MemoryStore()))
