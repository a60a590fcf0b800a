import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { Hub } from "../../../../src/services/Hub.ts"
import { Metrics } from "../../../../src/services/Metrics.ts"
import { AckDesk, Acknowledgements, MAX_ACKNOWLEDGEABLE } from "../../../../src/services/receipts/AckDesk.ts"
import {
  type ReceiptFilter,
  type ReceiptSubject,
  Receipts
} from "../../../../src/services/receipts/Receipts.ts"
import { MAX_WAITING, RETRY_DELAY, WRITE_DELAY } from "../../../../src/services/receipts/ReceiptWriter.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import { FakeConnection } from "../../../support/FakeConnection.ts"
import {
  broadcast,
  type Disk,
  deliver,
  layerReceipts,
  makeDisk,
  run
} from "../../../support/receipts/receipts.ts"
import type { Settings } from "../../../support/server/serve.ts"

type Env = Receipts | Hub | Metrics | Scope.Scope

/** One life of a process over this disk. */
const live = <A, E>(disk: Disk, body: Effect.Effect<A, E, Env>, settings: Settings = {}) =>
  body.pipe(Effect.scoped, Effect.provide(layerReceipts(disk, settings)))

const test = (
  name: string,
  body: (disk: Disk) => Effect.Effect<void, unknown, Env>,
  settings: Settings = {}
) => it.effect(name, () => Effect.flatMap(makeDisk, (disk) => live(disk, body(disk), settings)))

/** Publishes to one connection, and is done with it. */
const publish = Effect.fnUntraced(function* (subject: ReceiptSubject) {
  const receipt = (yield* Receipts).open(subject)
  deliver(receipt.delivery(), [[1, 0, 0]])
  receipt.seal()
})

const get = (id: string) => Effect.flatMap(Receipts, (receipts) => receipts.get(id))

const ids = Effect.fnUntraced(function* (filter: Partial<ReceiptFilter> = {}) {
  const page = yield* (yield* Receipts).list({ limit: 100, ...filter })
  return page.items.map(({ id }) => id)
})

const written = TestClock.adjust(WRITE_DELAY)

const figure = Effect.fnUntraced(function* (name: string) {
  const samples = yield* (yield* Metrics).samples
  return samples.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0)
})

describe("receipts", () => {
  test("can be read from the moment they are opened to the end", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5000)
      const receipt = (yield* Receipts).open(broadcast("r"))
      expect(yield* get("r")).toMatchObject({ eligible: 0, isComplete: false, publishedAt: 5000 })
      const delivery = receipt.delivery()
      delivery.expect(2)
      delivery.add(1, 1, 0, 5001, 5002)
      receipt.seal()
      expect(yield* get("r")).toMatchObject({ eligible: 1, isComplete: false })
      yield* written
      expect(yield* get("r")).toMatchObject({ eligible: 1, isComplete: false })
      delivery.add(1, 1, 0, 5001, 5009)
      const final = { eligible: 2, isComplete: true, timeToLastWriteMs: 9 }
      expect(yield* get("r")).toMatchObject(final)
      yield* written
      expect(yield* get("r")).toMatchObject(final)
      expect(yield* get("another")).toBeUndefined()
    }))

  test("one whose id cannot be kept is unknown, and in nobody's way", () =>
    Effect.gen(function* () {
      const impossible = ["x".repeat(5000), "", "a\ud800"]
      for (const id of impossible) {
        expect(yield* get(id)).toBeUndefined()
        expect(yield* ids({ schedule: id })).toEqual([])
        yield* publish(broadcast(id))
      }
      yield* publish(broadcast("r"))
      yield* written
      expect(yield* ids()).toEqual(["r"])
      for (const id of impossible) expect(yield* get(id)).toBeUndefined()
      expect(yield* figure("clarion_receipts_unwritten_total")).toBe(3)
    }))

  test("one that is final soon is written once, many of them in one commit", (disk) =>
    Effect.gen(function* () {
      for (let i = 0; i < 100; i++) yield* publish(broadcast(`r${i}`))
      expect(disk.commits).toBe(0)
      yield* written
      expect(disk.commits).toBe(1)
      expect(yield* figure("clarion_receipts_kept")).toBe(100)
      yield* TestClock.adjust("1 second")
      expect(disk.commits).toBe(1)
    }))

  it.effect("one that is final while it is being written is written again", () =>
    Effect.gen(function* () {
      const disk = yield* makeDisk
      const isWritten = yield* Deferred.make<void>()
      disk.slowness = Deferred.await(isWritten)
      const life = Effect.gen(function* () {
        const receipt = (yield* Receipts).open(broadcast("r"))
        const delivery = receipt.delivery()
        delivery.expect(1)
        receipt.seal()
        yield* written
        delivery.add(1, 1, 0, 1, 2)
        yield* Deferred.done(isWritten, Exit.void)
        yield* TestClock.adjust("1 second")
        expect(disk.commits).toBe(2)
      })
      yield* live(disk, life)
      expect(yield* live(disk, get("r"))).toMatchObject({ isComplete: true, written: 1 })
    })
  )

  test("tell what was lost with a worker to those for everyone, once", () =>
    Effect.gen(function* () {
      const hub = yield* Hub
      hub.lose(7)
      yield* publish(run("run", "s"))
      yield* publish(broadcast("one"))
      yield* publish(broadcast("two"))
      const lost = yield* Effect.forEach(["run", "one", "two"], get)
      expect(lost.map((receipt) => receipt?.lost)).toEqual([0, 7, 0])
    }))

  test("of an id that is known begin anew, but not where nothing is published", () =>
    Effect.gen(function* () {
      yield* publish(run("r", "s"))
      yield* written
      yield* TestClock.adjust(1000)
      const again = (yield* Receipts).open(broadcast("r"))
      again.withdraw(again.delivery())
      again.seal()
      yield* written
      expect(yield* get("r")).toMatchObject({ kind: "schedule", publishedAt: 0 })
      yield* publish(broadcast("r"))
      yield* written
      expect(yield* get("r")).toMatchObject({ kind: "broadcast", publishedAt: 1000 + 2 * 50 })
      expect(yield* ids()).toEqual(["r"])
      expect([yield* ids({ kind: "schedule" }), yield* ids({ schedule: "s" })]).toEqual([[], []])
      expect(yield* figure("clarion_receipts_kept")).toBe(1)
    }))

  test("that end after another one took their place tell whoever waits, and do not come back", () =>
    Effect.gen(function* () {
      const first = (yield* Receipts).open(broadcast("r"))
      const delivery = first.delivery()
      delivery.expect(1)
      const finals: Array<number> = []
      first.seal(({ eligible }) => void finals.push(eligible))
      yield* TestClock.adjust(10)
      yield* publish(broadcast("r"))
      delivery.add(5, 5, 0, 1, 2)
      expect(finals).toEqual([5])
      expect(yield* get("r")).toMatchObject({ eligible: 1, publishedAt: 10 })
      yield* written
      expect(yield* get("r")).toMatchObject({ eligible: 1, publishedAt: 10 })
      expect(yield* ids()).toEqual(["r"])
    }))

  test("are counted by kind, and those under way", () =>
    Effect.gen(function* () {
      const receipts = yield* Receipts
      const [one, two] = [receipts.open(broadcast("one")), receipts.open(broadcast("two"))]
      one.delivery().expect(1)
      two.seal()
      yield* publish(run("three", "s"))
      const samples = yield* (yield* Metrics).samples
      const counts = samples.filter(({ name }) => name === "clarion_receipts_total")
      expect(counts.map(({ labels, value }) => [labels?.kind, value])).toEqual([
        ["broadcast", 0],
        ["schedule", 1]
      ])
      expect(yield* figure("clarion_receipts_open")).toBe(1)
    }))
})

describe("lists of receipts", () => {
  /** Half of them written, the other half in memory, every third a run, one a second. */
  const fill = Effect.gen(function* () {
    for (let i = 0; i < 12; i++) {
      yield* TestClock.setTime(1000 * i)
      if (i === 6) yield* written
      yield* publish(i % 3 === 0 ? run(`r${i}`, i % 2 === 0 ? "even" : "odd") : broadcast(`r${i}`))
    }
  })
  const down = (...numbers: ReadonlyArray<number>) => numbers.map((i) => `r${i}`)

  test("are newest first, whether written or not", () =>
    Effect.gen(function* () {
      yield* fill
      expect(yield* ids()).toEqual(down(11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0))
      expect(yield* ids({ kind: "schedule" })).toEqual(down(9, 6, 3, 0))
      expect(yield* ids({ kind: "broadcast" })).toEqual(down(11, 10, 8, 7, 5, 4, 2, 1))
      expect(yield* ids({ schedule: "odd" })).toEqual(down(9, 3))
      expect(yield* ids({ schedule: "odd", kind: "broadcast" })).toEqual([])
      expect(yield* ids({ schedule: "od" })).toEqual([])
    }))

  for (const limit of [1, 2, 5, 12, 13])
    test(`go on where the last page ended, ${limit} at once`, () =>
      Effect.gen(function* () {
        const receipts = yield* Receipts
        yield* fill
        // One that is known to the store stands further up now.
        yield* TestClock.setTime(20_000)
        yield* publish(broadcast("r1"))
        const found: Array<string> = []
        const pages: Array<number> = []
        let cursor: string | undefined
        do {
          const page = yield* receipts.list({ limit, cursor })
          found.push(...page.items.map(({ id }) => id))
          pages.push(page.items.length)
          cursor = page.cursor
        } while (cursor !== undefined)
        expect(found).toEqual(down(1, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 0))
        expect(Math.max(...pages)).toBeLessThanOrEqual(limit)
      }))

  test("after a cursor that is none are empty", () =>
    Effect.gen(function* () {
      yield* fill
      for (const cursor of ["", "x", "WzFd", Buffer.from('["a",1]').toString("base64url")])
        expect(yield* ids({ cursor })).toEqual([])
    }))
})

describe("receipts go", () => {
  test(
    "when they were kept long enough",
    () =>
      Effect.gen(function* () {
        yield* publish(broadcast("old"))
        yield* TestClock.adjust("30 minutes")
        yield* publish(broadcast("young"))
        yield* TestClock.adjust("29 minutes")
        expect(yield* ids()).toEqual(["young", "old"])
        yield* TestClock.adjust("2 minutes")
        expect(yield* ids()).toEqual(["young"])
        expect(yield* get("old")).toBeUndefined()
        expect(yield* figure("clarion_receipts_kept")).toBe(1)
      }),
    { "receipts.retention": "1 hour" }
  )

  test(
    "when there are too many, the oldest first",
    () =>
      Effect.gen(function* () {
        for (let i = 0; i < 8; i++) {
          yield* publish(i % 2 === 0 ? run(`r${i}`, "s") : broadcast(`r${i}`))
          yield* TestClock.adjust(1000)
        }
        expect(yield* ids()).toEqual(["r7", "r6", "r5"])
        expect(yield* ids({ kind: "schedule" })).toEqual(["r6"])
        expect(yield* ids({ schedule: "s" })).toEqual(["r6"])
        expect(yield* get("r4")).toBeUndefined()
        expect(yield* figure("clarion_receipts_kept")).toBe(3)
      }),
    { "receipts.max": 3 }
  )
})

describe("a restart", () => {
  it.effect("finds final receipts, and those under way as they were, incomplete", () =>
    Effect.gen(function* () {
      const disk = yield* makeDisk
      yield* live(
        disk,
        Effect.gen(function* () {
          yield* publish(broadcast("final"))
          const receipt = (yield* Receipts).open(run("under way", "s"))
          const delivery = receipt.delivery()
          delivery.expect(2)
          delivery.add(3, 3, 0, 1, 2)
          ;(yield* Receipts).open(broadcast("not begun")).delivery()
        })
      )
      yield* live(
        disk,
        Effect.gen(function* () {
          expect(yield* get("final")).toMatchObject({ isComplete: true, written: 1 })
          expect(yield* get("under way")).toMatchObject({ isComplete: false, written: 3 })
          expect(yield* get("not begun")).toBeUndefined()
          expect(yield* ids({ schedule: "s" })).toEqual(["under way"])
          yield* TestClock.adjust("1 minute")
          expect(yield* figure("clarion_receipts_kept")).toBe(2)
        })
      )
    })
  )

  it.effect("by a kill finds what had been under way for a moment", () =>
    Effect.gen(function* () {
      const disk = yield* makeDisk
      yield* live(
        disk,
        Effect.gen(function* () {
          ;(yield* Receipts).open(broadcast("r")).delivery().expect(1)
          yield* written
          disk.isBroken = true
        })
      )
      disk.isBroken = false
      yield* live(
        disk,
        Effect.flatMap(get("r"), (found) =>
          Effect.sync(() => expect(found).toMatchObject({ isComplete: false }))
        )
      )
    })
  )
})

describe("a store that fails", () => {
  const logged = (
    name: string,
    body: (disk: Disk, logs: CapturedLogs) => Effect.Effect<void, unknown, Env>
  ) =>
    it.effect(name, () => {
      const logs = new CapturedLogs()
      return Effect.flatMap(makeDisk, (disk) => live(disk, body(disk, logs))).pipe(Effect.provide(logs.layer))
    })

  logged(
    "loses no counts: they can be read, and are written when it works again; it is logged once",
    (disk, logs) =>
      Effect.gen(function* () {
        disk.isBroken = true
        for (let i = 0; i < 5; i++) {
          yield* publish(broadcast(`r${i}`))
          yield* TestClock.adjust(RETRY_DELAY)
        }
        expect(logs.texts("Warn")).toEqual([expect.stringContaining("no space")])
        expect(yield* get("r0")).toMatchObject({ isComplete: true, written: 1 })
        expect((yield* Effect.flip(get("unknown")))._tag).toBe("StoreFailed")
        expect(yield* figure("clarion_receipts_waiting")).toBe(5)
        disk.isBroken = false
        yield* TestClock.adjust(RETRY_DELAY)
        expect(yield* figure("clarion_receipts_waiting")).toBe(0)
        expect(yield* ids()).toHaveLength(5)
        expect(logs.texts()).toEqual([expect.anything(), "receipts are kept again"])
      })
  )

  logged("makes a bounded number wait: the oldest of too many are not kept, and are counted", (disk) =>
    Effect.gen(function* () {
      disk.isBroken = true
      for (let i = 0; i < MAX_WAITING + 3; i++) yield* publish(broadcast(`r${i}`))
      expect(yield* figure("clarion_receipts_waiting")).toBe(MAX_WAITING)
      expect(yield* figure("clarion_receipts_unwritten_total")).toBe(3)
      disk.isBroken = false
      yield* TestClock.adjust(RETRY_DELAY)
      expect(yield* figure("clarion_receipts_kept")).toBe(MAX_WAITING)
      expect([yield* get("r2"), (yield* get("r3"))?.id]).toEqual([undefined, "r3"])
    })
  )

  it.effect("at the end says how many receipts it cost", () => {
    const logs = new CapturedLogs()
    return Effect.gen(function* () {
      const disk = yield* makeDisk
      yield* live(
        disk,
        Effect.gen(function* () {
          yield* publish(broadcast("r"))
          disk.isBroken = true
        })
      )
      expect(logs.texts("Warn")).toEqual([expect.stringContaining("1 receipts were not kept at the end")])
    }).pipe(Effect.provide(logs.layer))
  })
})

describe("acknowledgements", () => {
  const on = { "receipts.acknowledgement": true, "receipts.acknowledgeWithin": "10 seconds" }
  const acked = (id: string) => Effect.map(get(id), (receipt) => receipt?.acked)
  const acknowledge = (id: string, connections = 1) =>
    Effect.map(Receipts, (receipts) => receipts.acknowledged(id, connections))

  test(
    "count while the receipt is under way and for a while after it was published",
    () =>
      Effect.gen(function* () {
        const receipt = (yield* Receipts).open(broadcast("r"))
        const delivery = receipt.delivery()
        delivery.expect(1)
        yield* acknowledge("r", 2)
        yield* TestClock.adjust("5 seconds")
        receipt.seal()
        delivery.add(9, 9, 0, 1, 2)
        yield* acknowledge("r", 3)
        yield* written
        expect(yield* acked("r")).toBe(5)
        yield* TestClock.adjust("4 seconds")
        yield* acknowledge("r")
        expect([yield* acked("r"), (yield* get("r"))?.isComplete]).toEqual([6, true])
        // Workers have two seconds to tell of those that came in time.
        yield* TestClock.adjust("2 seconds")
        yield* acknowledge("r")
        yield* TestClock.adjust("2 seconds")
        yield* acknowledge("r")
        expect([yield* acked("r"), yield* figure("clarion_acks_total")]).toEqual([7, 7])
      }),
    on
  )

  test(
    "are written when their time is over, once, and not at all where there were none",
    (disk) =>
      Effect.gen(function* () {
        yield* publish(broadcast("none"))
        yield* publish(broadcast("some"))
        yield* written
        expect(disk.commits).toBe(1)
        for (let i = 0; i < 100; i++) yield* acknowledge("some")
        yield* TestClock.adjust("11 seconds")
        expect(disk.commits).toBe(1)
        yield* TestClock.adjust("3 seconds")
        expect(disk.commits).toBe(2)
        expect([yield* acked("some"), yield* acked("none")]).toEqual([100, 0])
      }),
    on
  )

  it.effect("outlive the process, also when it ends before their time is over", () =>
    Effect.gen(function* () {
      const disk = yield* makeDisk
      const first = Effect.gen(function* () {
        yield* publish(broadcast("r"))
        yield* written
        yield* acknowledge("r", 4)
      })
      yield* live(disk, first, on)
      expect(yield* live(disk, acked("r"))).toBe(4)
    })
  )

  test(
    "of the oldest of too many receipts are final before their time",
    () =>
      Effect.gen(function* () {
        for (let i = 0; i <= MAX_ACKNOWLEDGEABLE; i++) {
          yield* publish(broadcast(`r${i}`))
          if (i === 100) yield* written
        }
        yield* acknowledge("r0")
        yield* acknowledge("r1")
        expect([yield* acked("r0"), yield* acked("r1")]).toEqual([0, 1])
      }),
    on
  )

  test("of a receipt that takes none, or that nobody knows, are ignored", () =>
    Effect.gen(function* () {
      yield* publish(broadcast("r"))
      yield* acknowledge("r")
      yield* acknowledge("unknown")
      expect([yield* acked("r"), yield* figure("clarion_acks_total")]).toEqual([0, 0])
    }))

  const desk = new AckDesk(() => 0)
  it.effect("of clients of this process come by its desk, which is told of what is published", () => {
    const connection = new FakeConnection()
    return Effect.gen(function* () {
      const disk = yield* makeDisk
      yield* live(
        disk,
        Effect.gen(function* () {
          const receipt = (yield* Receipts).open(broadcast("r"))
          const delivery = receipt.delivery()
          expect(desk.take(connection, "r")).toBe("unknown")
          delivery.expect(1)
          expect(desk.take(connection, "r")).toBe("counted")
          expect(yield* acked("r")).toBe(1)
        }),
        on
      ).pipe(Effect.provideService(Acknowledgements, desk))
    })
  })
})

describe("the log", () => {
  const lines = (level: "Debug" | "Info") => {
    const logs = new CapturedLogs()
    return Effect.gen(function* () {
      const disk = yield* makeDisk
      yield* live(
        disk,
        Effect.andThen(
          publish(broadcast("r")),
          Effect.andThen(
            publish(run("run", "s")),
            Effect.promise(() => Promise.resolve())
          )
        )
      )
      return logs.lines
    }).pipe(Effect.provide(logs.layer), Effect.provideService(References.MinimumLogLevel, level))
  }

  it.effect("has a line for each broadcast, for those who look closely", () =>
    Effect.gen(function* () {
      const found = yield* lines("Debug")
      expect(found.map(({ text }) => text)).toEqual(["receipt r"])
      expect(found[0]?.annotations).toMatchObject({ eligible: 1, written: 1, dropped: 0, closed: 0, lost: 0 })
      expect(yield* lines("Info")).toEqual([])
    })
  )
})
