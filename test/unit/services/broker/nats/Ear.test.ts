/** How what comes from NATS is brought into the order of a channel's log. */
import fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import { Ear, type LogMessage, MAX_HELD } from "../../../../../src/services/broker/nats/Ear.ts"
import type { Entry, LogRecord, PassingRecord } from "../../../../../src/services/broker/nats/records.ts"
import { Tail } from "../../../../../src/services/history/Tail.ts"

const ORIGIN = { node: "n", number: 1 }

const entryAt = (offset: number): Entry => ({
  publication: {
    ...{ offset, data: new Uint8Array(1), time: offset, isDelta: false },
    ...{ info: undefined, tags: undefined }
  },
  receipt: undefined
})

/** A message of a log with some publications; its sequence is three times the offset of the last one. */
const message = (from: number, to = from, epoch = "e", seq = 3 * to): LogMessage => {
  const entries = Array.from({ length: to - from + 1 }, (_, at) => entryAt(from + at))
  const state: LogRecord["state"] = {
    ...{ epoch, offset: to, first: Math.max(1, to - 9), entriesUntil: 1e15, until: 1e15 },
    ...{ version: 0, versionEpoch: "", marks: [] }
  }
  return { seq, record: { kind: "log", origin: ORIGIN, state, entries } }
}

const passing = (offset?: number, epoch = "e"): PassingRecord => ({
  kind: "join",
  origin: ORIGIN,
  after: offset === undefined ? undefined : { offset, epoch },
  entry: entryAt(0)
})

let heard: Array<number | string>
let missing: number
let early: number
let ear: Ear

beforeEach(() => {
  heard = []
  missing = 0
  early = 0
  ear = new Ear("news", {
    publication: ({ offset }, epoch) => void heard.push(epoch === "e" ? offset : `${epoch} ${offset}`),
    passing: ({ kind }) => void heard.push(kind),
    missing: () => void missing++,
    early: () => void early++
  })
})

describe("what a node hears of a channel", () => {
  it("publications come in order, each once, from where the log stood", () => {
    ear.begin(message(4))
    for (const one of [message(3), message(4), message(5, 7), message(6), message(7), message(8)])
      ear.offerLog(one)
    expect(heard).toEqual([5, 6, 7, 8])
    expect([missing, ear.held]).toEqual([0, 0])
  })

  it("of a log that is not begun yet, the first publication is known to be missing", () => {
    ear.begin({ seq: 0, record: undefined })
    ear.offerLog(message(2))
    expect([heard, missing]).toEqual([[], 1])
    ear.takeMissing([message(1), message(2)])
    expect(ear.release()).toBe(false)
    expect(heard).toEqual([1, 2])
  })

  it("behind a gap all is held until what is missing is there; a part of it may be known", () => {
    ear.begin(message(1))
    ear.offerLog(message(4))
    ear.offerPassing(passing())
    ear.offerLog(message(5))
    expect([heard, missing, ear.isSyncing]).toEqual([[], 1, true])
    ear.takeMissing([message(1, 2), message(3), message(4)])
    expect(heard).toEqual([2, 3, 4])
    expect(ear.release()).toBe(false)
    expect(heard).toEqual([2, 3, 4, "join", 5])
    expect(ear.isSyncing).toBe(false)
  })

  it("what is gone from the history leaves a gap, and the rest follows", () => {
    ear.begin(message(1))
    ear.offerLog(message(9))
    ear.takeMissing([message(5), message(9)])
    ear.release()
    ear.offerLog(message(10))
    expect(heard).toEqual([5, 9, 10])
  })

  it("more than can be held is read again", () => {
    ear.begin(message(1))
    for (let offset = 3; offset <= MAX_HELD + 4; offset++) ear.offerLog(message(offset))
    ear.takeMissing([message(2), message(3)])
    expect(ear.release()).toBe(true)
    expect([ear.isSyncing, ear.held, heard.length]).toEqual([true, 0, 2])
    ear.takeMissing([message(4, MAX_HELD + 4)])
    expect(ear.release()).toBe(false)
    expect(heard.at(-1)).toBe(MAX_HELD + 4)
    expect(heard.length).toBe(MAX_HELD + 3)
  })

  it("what comes after a publication that is on its way waits for it, and is told of once", () => {
    ear.begin(message(1))
    ear.offerPassing(passing(2))
    ear.offerPassing(passing(3))
    ear.offerPassing(passing(1))
    expect([heard, early]).toEqual([["join"], 1])
    ear.offerLog(message(2))
    expect(heard).toEqual(["join", 2, "join"])
    ear.offerLog(message(3))
    expect(heard).toEqual(["join", 2, "join", 3, "join"])
    expect(ear.held).toBe(0)
  })

  it("nothing waits for a publication of another life of the log", () => {
    ear.begin(message(1))
    ear.offerPassing(passing(5, "other"))
    expect(heard).toEqual(["join"])
  })

  it("a log that begins anew follows; a late message of another life is looked at, and dropped", () => {
    ear.begin(message(5))
    ear.offerLog(message(1, 2, "f", 100))
    expect(heard).toEqual(["f 1", "f 2"])
    ear.offerLog(message(6))
    expect([missing, ear.isSyncing]).toEqual([1, true])
    expect(ear.release()).toBe(false)
    expect(heard).toEqual(["f 1", "f 2"])
  })

  it("of a log that was lost with its sequences, the one in its place is heard from its beginning", () => {
    ear.begin(message(50))
    ear.offerLog(message(2, 2, "f", 2))
    expect(missing).toBe(1)
    ear.restart()
    ear.takeMissing([message(1, 1, "f", 1), message(2, 2, "f", 2)])
    ear.release()
    ear.offerLog(message(3, 3, "f", 3))
    expect(heard).toEqual(["f 1", "f 2", "f 3"])
  })

  it("the tail keeps what counts of what was heard, without a gap", () => {
    ear.begin(message(1))
    ear.tail = new Tail()
    for (let offset = 2; offset <= 20; offset++) ear.offerLog(message(offset))
    expect([ear.tail.first, ear.tail.size]).toEqual([11, 10])
    ear.offerLog(message(30))
    ear.takeMissing([message(30)])
    ear.release()
    expect([ear.tail.first, ear.tail.size]).toEqual([30, 1])
  })

  it("whatever comes in whatever order, each publication is heard once and in order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }),
        fc.array(fc.boolean(), { maxLength: 60 }),
        (offsets, reads) => {
          heard = []
          ear = new Ear("news", { ...ear.output })
          ear.begin({ seq: 0, record: undefined })
          let top = 0
          for (const [at, offset] of offsets.entries()) {
            top = Math.max(top, offset)
            ear.offerLog(message(offset))
            if (!ear.isSyncing || reads[at] !== true) continue
            ear.takeMissing(Array.from({ length: top }, (_, index) => message(index + 1)))
            expect(ear.release()).toBe(false)
          }
          expect(heard).toEqual(heard.map((_, index) => index + 1))
          if (!ear.isSyncing) expect(heard.length).toBe(top)
        }
      )
    )
  })
})
