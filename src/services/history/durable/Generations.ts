/**
 * Which streams of the store may go on. What is published while the configuration says that a namespace is not durable is not in its streams: a
 * client that was away all that time would recover from one of them, and miss it without being told. So streams are of a generation of their
 * namespace, which ends at a start that finds the namespace not durable; those of an earlier one are over.
 */
import * as Effect from "effect/Effect"
import type { Store, StoreFailed } from "../../store/Store.ts"
import { makeEpoch } from "../epoch.ts"
import { put } from "./records.ts"

/** The namespaces of the configuration; "" is the one of channels without one. */
export interface Namespaces {
  /** Those whose history is durable. */
  readonly durable: ReadonlyArray<string>
  /** What says which namespace a channel is in. Where it is another one than at the last start, no stream goes on. */
  readonly syntax: string
  readonly of: (channel: string) => string
}

export const noNamespaces: Namespaces = { durable: [], syntax: "", of: () => "" }

/** One record. */
const TABLE = "history.namespaces"
const KEY = ["namespaces"]

interface NamespacesRecord {
  readonly syntax: string
  /** Each namespace that ever was durable, and its generation; "" is the first one. */
  readonly generations: ReadonlyArray<readonly [name: string, generation: string]>
}

/** As of this start. `known` undefined: the store was never used with durable namespaces. */
const next = (known: NamespacesRecord | undefined, { durable, syntax }: Namespaces): NamespacesRecord => {
  const isSameSyntax = known === undefined || known.syntax === syntax
  const generations = new Map(known?.generations)
  for (const name of generations.keys())
    if (!isSameSyntax || !durable.includes(name)) generations.set(name, makeEpoch())
  for (const name of durable) if (!generations.has(name)) generations.set(name, "")
  return { syntax, generations: [...generations] }
}

export class Generations {
  readonly #generations: ReadonlyMap<string, string>
  #isSaved: boolean

  private constructor(
    readonly store: Store["Service"],
    readonly namespaces: Namespaces,
    readonly record: NamespacesRecord,
    isSaved: boolean
  ) {
    this.#generations = new Map(record.generations)
    this.#isSaved = isSaved
  }

  /** Those of this start, not yet saved. */
  static load(store: Store["Service"], namespaces: Namespaces): Effect.Effect<Generations, StoreFailed> {
    return Effect.map(store.get(TABLE, KEY), (found) => {
      const known = found as NamespacesRecord | undefined
      const record = next(known, namespaces)
      // Where none was ever durable there is nothing to be known.
      const isSaved = record.generations.length === 0 || JSON.stringify(record) === JSON.stringify(known)
      return new Generations(store, namespaces, record, isSaved)
    })
  }

  /** To be tried again until it succeeds: the next start has to know what this one was. */
  readonly save: Effect.Effect<void, StoreFailed> = Effect.suspend(() =>
    this.#isSaved
      ? Effect.void
      : Effect.map(this.store.commit([put(TABLE, KEY, this.record)]), () => {
          this.#isSaved = true
        })
  )

  /** @param name of a channel, in the store. Of one that is hashed there nobody knows the namespace: it goes with all of them. */
  of(name: string): string {
    return name.startsWith("=")
      ? (this.#generations.get(this.namespaces.of(name.slice(1))) ?? "")
      : [...this.#generations.values()].join("")
  }
}
