import { describe, expect, it } from "vitest"
import { Draft } from "../../../../../src/services/history/durable/Draft.ts"
import { DurableStream } from "../../../../../src/services/history/durable/DurableStream.ts"
import {
  DUE,
  ENTRIES,
  STREAMS,
  type StreamRecord
} from "../../../../../src/services/history/durable/records.ts"

const NOW = 600_000
const options = { size: 10, ttlMs: 1000, metaTtlMs: 5000 }
const publication = (offset: number) => ({ offset, data: new Uint8Array(1), isDelta: false, time: NOW })

/** A stream of three entries that are removed, and which is over itself. */
const over: StreamRecord = {
  ...{ epoch: "before", offset: 3, first: 4, entriesUntil: NOW - 10, until: NOW - 1 },
  ...{ version: 0, versionEpoch: "", base: 0, low: 4, due: 10 }
}
const draftOf = (record: StreamRecord) => new Draft(new DurableStream("=news", record))
const tablesOf = (draft: Draft) =>
  draft
    .finish(NOW)
    .writes.map(({ table, key, value }) => [table, key, value === undefined ? "removed" : "put"])

describe("a stream that is over", () => {
  it("goes with its place among those that are due", () => {
    const draft = draftOf(over)
    expect(draft.look(NOW)).toBe(true)
    expect(tablesOf(draft)).toEqual([
      [STREAMS, ["=news"], "removed"],
      [DUE, [10, "=news"], "removed"]
    ])
  })

  it("and is used after it was looked at in the same commit is begun anew, behind the places of the old one", () => {
    const draft = draftOf(over)
    draft.look(NOW)
    draft.open(NOW)
    draft.append(publication(1), NOW, options)
    expect(draft.record).toMatchObject({ offset: 1, first: 1, base: 3, low: 4 })
    expect(draft.record.epoch).not.toBe("before")
    expect(tablesOf(draft)).toEqual([
      [ENTRIES, ["=news", 4], "put"],
      [DUE, [10, "=news"], "removed"],
      [DUE, [11, "=news"], "put"],
      [STREAMS, ["=news"], "put"]
    ])
  })

  it("stays as long as it has entries to be removed", () => {
    const draft = draftOf({ ...over, offset: 5000, first: 5001, low: 1 })
    expect(draft.look(NOW)).toBe(false)
    const { writes, record } = draft.finish(NOW)
    expect(writes.filter(({ table }) => table === ENTRIES).length).toBe(1000)
    expect(record).toMatchObject({ low: 1001, offset: 5000 })
  })
})

describe("a stream that is looked at", () => {
  it("and is in use is due again when its entries may be over", () => {
    const draft = draftOf({ ...over, first: 1, low: 1, entriesUntil: NOW + 200_000, until: NOW + 900_000 })
    expect(draft.look(NOW)).toBe(true)
    expect(draft.finish(NOW).record).toMatchObject({ first: 1, low: 1, due: 14 })
  })

  it("drops entries that are over, and removes them the next time: readings may be on their way to them", () => {
    const draft = draftOf({ ...over, first: 1, low: 1, until: NOW + 900_000 })
    expect(draft.look(NOW)).toBe(false)
    const { writes, record } = draft.finish(NOW)
    expect(record).toMatchObject({ first: 4, low: 1 })
    expect(writes.some(({ table }) => table === ENTRIES)).toBe(false)
    const next = draftOf(record!)
    expect(next.look(NOW)).toBe(true)
    expect(tablesOf(next).filter(([table]) => table === ENTRIES)).toEqual(
      [1, 2, 3].map((place) => [ENTRIES, ["=news", place], "removed"])
    )
  })
})
