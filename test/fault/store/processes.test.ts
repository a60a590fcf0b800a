/** The store on disk through the ends of processes, and with several of them at once. */
import { readdirSync } from "node:fs"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { Metrics } from "../../../src/services/Metrics.ts"
import { openLmdbStore } from "../../../src/services/store/LmdbStore.ts"
import type { Store } from "../../../src/services/store/Store.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"
import { storeProcess } from "../../support/store/storeProcess.ts"

const withStore = <A, E>(directory: string, use: (store: Store["Service"]) => Effect.Effect<A, E>) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(openLmdbStore(directory), use)).pipe(Effect.provide(Metrics.layer))
  )

describe("a store that is opened again", () => {
  it("has what it had", async () => {
    const directory = temporaryFolder()
    const entries = Array.from({ length: 5000 }, (_, index) => ({
      table: `t${index % 7}`,
      key: [index, `key ${index}`],
      value: { index, bytes: new Uint8Array([index % 256]) }
    }))
    await withStore(directory, (store) => store.commit(entries))
    await withStore(directory, (store) => store.commit([{ table: "t0", key: entries[0]!.key }]))
    await withStore(directory, (store) =>
      Effect.gen(function* () {
        for (const { table, key, value } of entries.slice(1)) {
          const found = (yield* store.get(table, key)) as typeof value
          expect([found.index, ...found.bytes]).toEqual([value.index, ...value.bytes])
        }
        expect(yield* store.count("t0")).toBe(714)
      })
    )
  })

  it("ends after what was asked for is on the disk", async () => {
    const directory = temporaryFolder()
    await withStore(directory, (store) =>
      Effect.forkDetach(
        Effect.forEach([1, 2, 3], (n) => store.commit([{ table: "t", key: [n], value: n }]), {
          concurrency: "unbounded"
        }),
        { startImmediately: true }
      )
    )
    expect(await withStore(directory, (store) => store.count("t"))).toBe(3)
  })
})

describe("a process that is killed while it commits", () => {
  it("leaves every commit that it was told of, and each whole or not at all", async () => {
    const directory = temporaryFolder()
    let acknowledged: ReadonlyArray<number> = []
    for (const wanted of [1, 40, 150, 90, 300]) {
      const process = storeProcess(directory, "commit")
      await process.lines.count(wanted)
      process.child.kill("SIGKILL")
      await process.ended
      acknowledged = [...acknowledged, ...process.lines.all.map(Number)]
      await withStore(directory, (store) =>
        Effect.gen(function* () {
          const left = yield* store.range("left", {})
          const right = yield* store.range("right", {})
          const numbers = left.map(([key]) => key[0])
          expect(right.map(([key]) => key[1])).toEqual(numbers)
          expect(numbers).toEqual(numbers.map((_, index) => index))
          expect(yield* store.get("last", ["number"])).toBe(numbers.length - 1)
          const missing = acknowledged.filter((number) => number >= numbers.length)
          expect(missing).toEqual([])
        })
      )
    }
  })
})

describe("a store that somebody has", () => {
  const refused = (directory: string) =>
    Effect.runPromise(
      Effect.scoped(Effect.flip(openLmdbStore(directory))).pipe(Effect.provide(Metrics.layer))
    )

  it("is refused to others, in the same process too, until it is given up or its holder is killed", async () => {
    const directory = temporaryFolder()
    const holder = storeProcess(directory, "hold")
    await holder.lines.first((line) => line === "held")
    const before = readdirSync(directory).sort()
    expect(await refused(directory)).toMatchObject({ _tag: "StoreUnusable", reason: "locked" })
    expect((await refused(directory)).message).toBe(
      `the store ${directory} cannot be used: another running process has it; ` +
        "end that process, or give this one another store.path"
    )
    // One that is stopped has it still.
    holder.child.kill("SIGSTOP")
    expect(await refused(directory)).toMatchObject({ reason: "locked" })
    expect(readdirSync(directory).sort()).toEqual(before)
    holder.child.kill("SIGKILL")
    await holder.ended
    await withStore(directory, () =>
      Effect.promise(async () => {
        expect(await refused(directory)).toMatchObject({ reason: "locked" })
      })
    )
    await withStore(directory, (store) => store.commit([{ table: "t", key: [1], value: 1 }]))
    expect(readdirSync(directory).filter((name) => name.startsWith("clarion.lock"))).toEqual([
      "clarion.lock.3"
    ])
  })

  it("goes to one of many that start at the same moment, after a holder was killed too", async () => {
    const directory = temporaryFolder()
    for (let round = 0; round < 3; round++) {
      const processes = Array.from({ length: 5 }, () => storeProcess(directory, "hold"))
      const said = await Promise.all(processes.map(async ({ lines }) => (await lines.count(1))[0]!))
      expect(said.filter((line) => line === "held")).toHaveLength(1)
      expect(said.filter((line) => line.startsWith("locked"))).toHaveLength(4)
      for (const { child } of processes) child.kill("SIGKILL")
      await Promise.all(processes.map(({ ended }) => ended))
    }
  })
})
