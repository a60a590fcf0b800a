/** The store on disk where the disk is not as it should be. */
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Metrics } from "../../../src/services/Metrics.ts"
import { openLmdbStore } from "../../../src/services/store/LmdbStore.ts"
import type { Store } from "../../../src/services/store/Store.ts"
import { type Migration, migrations } from "../../../src/services/store/storeFormat.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"
import { storeProcess } from "../../support/store/storeProcess.ts"

const run = <A, E>(effect: Effect.Effect<A, E, Metrics>) =>
  Effect.runPromise(Effect.provide(effect, Metrics.layer))

const withStore = <A, E>(
  directory: string,
  use: (store: Store["Service"]) => Effect.Effect<A, E>,
  steps?: ReadonlyArray<Migration>
) => run(Effect.scoped(Effect.flatMap(openLmdbStore(directory, steps), use)))

const refused = (directory: string, steps?: ReadonlyArray<Migration>) =>
  run(Effect.scoped(Effect.flip(openLmdbStore(directory, steps))))

/** A store with something of everything: many pages, long values, tables, free pages. */
const filled = async (directory: string): Promise<string> => {
  const entries = Array.from({ length: 3000 }, (_, index) => ({
    table: index % 2 === 0 ? "left" : "right",
    key: ["key", index],
    value: { index, text: "x".repeat(index % 300) }
  }))
  const long = Array.from({ length: 20 }, (_, index) => ({
    table: "long",
    key: [index],
    value: new Uint8Array(10_000).fill(index)
  }))
  await withStore(directory, (store) =>
    Effect.andThen(
      store.commit([...entries, ...long]),
      Effect.andThen(
        store.commit(entries.slice(0, 1000).map(({ table, key }) => ({ table, key }))),
        store.commit([{ table: "left", key: ["last"], value: 1 }])
      )
    )
  )
  return join(directory, "clarion.mdb")
}

describe("a store of another version", () => {
  const step = (name: string): Migration => ({
    name,
    run: (table) => {
      const before = table("t").range({})
      for (const [key, value] of before) {
        table("t").put(key, undefined)
        table(`t after ${name}`).put(key, `${value}, ${name}`)
        table("t").put([...key, name], `${value}, ${name}`)
      }
    }
  })

  it("that is older is brought forward step by step, once", async () => {
    const directory = temporaryFolder()
    await withStore(directory, (store) => store.commit([{ table: "t", key: [1], value: "one" }]), [])
    const steps = [step("a"), step("b")]
    const look = (store: Store["Service"]) => Effect.all([store.range("t", {}), store.range("t after b", {})])
    const expected = [[[[1, "a", "b"], "one, a, b"]], [[[1, "a"], "one, a, b"]]]
    expect(await withStore(directory, look, steps.slice(0, 1))).toEqual([[[[1, "a"], "one, a"]], []])
    expect(await withStore(directory, look, steps)).toEqual(expected)
    expect(await withStore(directory, look, steps)).toEqual(expected)
    // One that begins with this version has nothing to be brought forward.
    const fresh = temporaryFolder()
    await withStore(fresh, (store) => store.commit([{ table: "t", key: [1], value: "one" }]), steps)
    expect(await withStore(fresh, look, steps)).toEqual([[[[1], "one"]], []])
  })

  it("stays as it was where a step fails", async () => {
    const directory = temporaryFolder()
    await withStore(directory, (store) => store.commit([{ table: "t", key: [1], value: "one" }]), [])
    const failing: Migration = {
      name: "failing",
      run: (table) => {
        step("x").run(table)
        throw new Error("a bug of the step")
      }
    }
    expect((await refused(directory, [step("a"), failing])).message).toContain("a bug of the step")
    const all = (store: Store["Service"]) => Effect.all([store.range("t", {}), store.range("t after x", {})])
    expect(await withStore(directory, all, [step("a")])).toEqual([[[[1, "a"], "one, a"]], []])
  })

  it("that is newer is refused, and left as it is", async () => {
    const directory = temporaryFolder()
    const later = [...migrations, step("a")]
    await withStore(directory, (store) => store.commit([{ table: "t", key: [1], value: "one" }]), later)
    const file = join(directory, "clarion.mdb")
    const before = readFileSync(file)
    const failure = await refused(directory)
    expect(failure).toMatchObject({ _tag: "StoreUnusable", reason: "newer" })
    expect(failure.message).toBe(
      `the store ${file} cannot be used: its version is ${later.length + 1}, and this program knows ${later.length} at most; ` +
        "start the later program, or choose another store.path"
    )
    expect(readFileSync(file).equals(before)).toBe(true)
  })
})

describe("what was written by version 1", () => {
  it("has its open runs apart from those that are over", async () => {
    const directory = temporaryFolder()
    const over = { schedule: "one", sequence: 1, outcome: "sent" }
    const open = { schedule: "one", sequence: 2, outcome: "sending" }
    const writes = [
      { table: "schedules.runs", key: ["one", 1], value: over },
      { table: "schedules.runs", key: ["one", 2], value: open },
      { table: "schedules.open", key: ["one", 2], value: true },
      // Of a run that was forgotten.
      { table: "schedules.open", key: ["none", 1], value: true }
    ]
    await withStore(directory, (store) => store.commit(writes), [])
    const look = (store: Store["Service"]) =>
      Effect.all([store.range("schedules.runs", {}), store.range("schedules.open", {})])
    expect(await withStore(directory, look)).toEqual([[[["one", 1], over]], [[["one", 2], open]]])
  })
})

describe("a damaged store", () => {
  const folder = mkdtempSync(join(tmpdir(), "clarion-test-"))
  const sound = join(folder, "clarion.mdb")
  beforeAll(() => filled(folder))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** A copy with something done to it: refused as it is, or served by a process that lives. */
  const outcome = async (damage: (file: string) => void) => {
    const directory = temporaryFolder()
    const file = join(directory, "clarion.mdb")
    copyFileSync(sound, file)
    damage(file)
    const before = readFileSync(file)
    const reader = storeProcess(directory, "read")
    const { code, signal } = await reader.ended
    expect(signal).toBeNull()
    if (reader.lines.all[0]?.startsWith("damaged")) expect(readFileSync(file).equals(before)).toBe(true)
    return { code, said: reader.lines.all.join("\n") }
  }

  const overwrite = (file: string, at: number, bytes: Uint8Array) => {
    const content = readFileSync(file)
    content.set(bytes, at)
    writeFileSync(file, content)
  }
  const garbage = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 167 + 91) % 256)

  it("that is sound is read", async () => {
    expect(await outcome(() => {})).toEqual({
      code: 0,
      said: "left 1001 1001\nright 1000 1000\nlong 20 20\nwritten"
    })
  })

  it.each([
    ["cut to less than a page", (file: string) => truncateSync(file, 100)],
    ["cut to its first page", (file: string) => truncateSync(file, 4096)],
    ["cut to a few pages", (file: string) => truncateSync(file, 40 * 4096)],
    ["text", (file: string) => writeFileSync(file, "no store at all\n".repeat(10_000))],
    ["zeros", (file: string) => writeFileSync(file, Buffer.alloc(1_000_000))],
    ["garbage at its beginning", (file: string) => overwrite(file, 0, garbage(8192))],
    ["garbage in its second page", (file: string) => overwrite(file, 4096, garbage(200))],
    ["garbage behind its first pages", (file: string) => overwrite(file, 8192, garbage(200 * 4096))]
  ])("%s is refused with one line, and left as it is", async (_, damage) => {
    const { code, said } = await outcome(damage)
    expect(said).toMatch(
      /^damaged: the store .*clarion\.mdb cannot be used: the file is damaged: .*; put a copy/
    )
    expect(said).not.toContain("\n")
    expect(code).toBe(1)
  })

  it("an empty file is a store that was just being made", async () => {
    expect(await outcome((file) => truncateSync(file, 0))).toEqual({
      code: 0,
      said: "left 0 0\nright 0 0\nlong 0 0\nwritten"
    })
  })

  it("with a page of garbage anywhere is refused or read without it, and never ends the process", async () => {
    let refusals = 0
    for (let page = 2; page < 260; page += 23) {
      const { said } = await outcome((file) => overwrite(file, page * 4096, garbage(4096)))
      if (said.startsWith("damaged")) refusals++
    }
    expect(refusals).toBeGreaterThan(5)
  })

  it("with a value that was changed tells it where it is read", async () => {
    const directory = temporaryFolder()
    const file = join(directory, "clarion.mdb")
    const content = readFileSync(sound)
    const at = content.lastIndexOf(Buffer.alloc(9000, 7))
    copyFileSync(sound, file)
    overwrite(file, at + 50, new Uint8Array([8]))
    await withStore(directory, (store) =>
      Effect.gen(function* () {
        expect(yield* Effect.flip(store.get("long", [7]))).toMatchObject({
          _tag: "StoreFailed",
          reason: "broken"
        })
        expect(yield* Effect.flip(store.range("long", {}))).toMatchObject({ reason: "broken" })
        expect(yield* store.range("long", { from: [8] })).toHaveLength(12)
      })
    )
  })
})

describe("a directory in which nothing can be written", () => {
  it("has an empty store whose commits fail, where there was none", async () => {
    const file = join(temporaryFolder(), "a file")
    writeFileSync(file, "")
    await withStore(join(file, "store"), (store) =>
      Effect.gen(function* () {
        expect(yield* store.range("t", {})).toEqual([])
        expect(yield* store.get("t", [1])).toBeUndefined()
        expect(yield* Effect.flip(store.commit([{ table: "t", key: [1], value: 1 }]))).toMatchObject({
          _tag: "StoreFailed",
          reason: "read-only"
        })
      })
    )
  })

  it("has the store that was there, to be read", async () => {
    const directory = join(temporaryFolder(), "store")
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined
    mkdirSync(directory)
    if (nobody !== undefined) {
      chownSync(directory, nobody, nobody)
      chmodSync(join(directory, ".."), 0o755)
    }
    await filled(directory)
    const others = nobody === undefined ? {} : { user: nobody }
    if (nobody !== undefined) spawnSync("chown", ["-R", `${nobody}:${nobody}`, directory])
    chmodSync(directory, 0o555)
    const reader = storeProcess(directory, "read", others)
    expect(await reader.ended).toEqual({ code: 1, signal: null })
    expect(reader.lines.all.slice(-4)).toEqual([
      "left 1001 1001",
      "right 1000 1000",
      "long 20 20",
      expect.stringMatching(/^read-only: the store cannot be used: /)
    ])
    chmodSync(directory, 0o755)
  })
})

describe("a disk that is full", () => {
  it("refuses commits, keeps and reads what there is, and takes commits again when there is room", async () => {
    const directory = temporaryFolder()
    // Files of at most so many half kilobytes, which the process may be given more of.
    const writer = storeProcess(directory, "fill", { before: "ulimit -S -f 8000;" })
    const reasons = await writer.lines.first((line) => line.startsWith("{"))
    expect(JSON.parse(reasons)).toEqual({ reasons: Array.from({ length: 6 }, () => "full") })
    const kept = await writer.lines.first((line) => line.startsWith("kept"))
    const [, entries, acknowledged] = kept.split(" ").map(Number)
    expect(entries).toBe(acknowledged)
    expect(entries).toBeGreaterThan(100)
    expect(spawnSync("prlimit", ["--fsize=unlimited", "--pid", `${writer.child.pid}`]).status).toBe(0)
    writer.child.stdin!.write("there is room\n")
    await writer.lines.first((line) => line === `works again ${entries! + 1}`)
    expect(await writer.ended).toEqual({ code: 0, signal: null })
  })
})
