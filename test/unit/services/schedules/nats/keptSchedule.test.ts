import { crc32 } from "node:zlib"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type KeptSchedule,
  keptFromBytes,
  keptToBytes,
  NOTHING,
  runFromBytes,
  runToBytes
} from "../../../../../src/services/schedules/nats/keptSchedule.ts"
import { Replica } from "../../../../../src/services/schedules/nats/Replica.ts"
import type { Run } from "../../../../../src/services/schedules/Schedule.ts"
import { valueToBytes } from "../../../../../src/services/store/storedValue.ts"
import { scheduleWith } from "../../../../support/schedules/ScheduleWorld.ts"

/** With a right checksum: anybody can make one. */
const forged = (value: unknown) => Buffer.concat([Buffer.of(1), valueToBytes(value as never)])

const checksumOf = (body: Uint8Array) => {
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32LE(crc32(body))
  return checksum
}

const schedule = scheduleWith({ tags: { a: "b" }, failure: "x", end: undefined } as object)
const run: Run = {
  ...{ id: "run", schedule: "one", number: 1, sequence: 1, isAsked: false, isRepeatable: undefined },
  ...{ due: 1000.5, outcome: "sending", startedAt: 1000 }
}
const kept: KeptSchedule = { schedule, open: [{ run, by: "node", fence: 3 }], ended: [run] }

describe("a kept schedule", () => {
  it("is read as it was written, with what a later version has written besides", () => {
    const later = { ...kept, schedule: { ...schedule, later: [1] } }
    expect(keptFromBytes("one", keptToBytes(later))).toEqual(later)
    expect(keptFromBytes("one", keptToBytes({ ...kept, schedule: undefined }))?.open.length).toBe(1)
    expect(keptFromBytes("one", keptToBytes(NOTHING))).toBe(NOTHING)
    expect(runFromBytes(runToBytes(run))).toEqual(run)
  })

  it("of another shape is not read, whatever its checksum says", () => {
    for (const other of [
      { ...kept, schedule: {} },
      { ...kept, schedule: null },
      { ...kept, schedule: { ...schedule, fireAt: "soon" } },
      { ...kept, schedule: { ...schedule, due: Number.NaN } },
      { ...kept, schedule: { ...schedule, channels: [] } },
      { ...kept, schedule: { ...schedule, runs: -1 } },
      { ...kept, schedule: { ...schedule, state: "asleep" } },
      { ...kept, schedule: { ...schedule, trigger: { kind: "every", every: 0, start: 0 } } },
      { ...kept, open: [{ run, by: 7, fence: 3 }] },
      { ...kept, open: [{ run: { ...run, sequence: 0.5 }, by: "node", fence: 3 }] },
      { ...kept, ended: {} },
      { open: [], ended: [], more: new Date(0) }
    ])
      expect(keptFromBytes("one", forged(other)), JSON.stringify(other)).toBeUndefined()
    for (const other of [{}, { ...run, outcome: "?" }, { ...run, more: new Date(0) }])
      expect(runFromBytes(forged(other))).toBeUndefined()
  })

  it("of another key is not read", () => {
    expect(keptFromBytes("two", keptToBytes(kept))).toBeUndefined()
    expect(keptFromBytes("two", keptToBytes({ ...kept, schedule: undefined, ended: [] }))).toBeUndefined()
    expect(keptFromBytes("two", keptToBytes({ ...kept, schedule: undefined, open: [] }))).toBeUndefined()
  })

  it("whatever is read can be put into the tables", () => {
    const bytes = keptToBytes(kept)
    const replica = new Replica(() => 0)
    let revision = 0
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 255 }), (where, byte) => {
        const body = Buffer.from(bytes.subarray(5))
        body[where % body.length] = byte
        const damaged = Buffer.concat([Buffer.of(1), checksumOf(body), body])
        const read = keptFromBytes("one", damaged)
        if (read !== undefined) expect(replica.put("one", ++revision, read)).toBe(true)
      }),
      { numRuns: 2000 }
    )
    expect(revision).toBeGreaterThan(0)
  })
})

describe("the replica", () => {
  it("does not know what its tables do not take", () => {
    const replica = new Replica(() => 0)
    const id = "x".repeat(2000)
    expect(() => replica.put(id, 1, { ...NOTHING, schedule: { ...schedule, id } })).toThrow()
    expect(replica.entry(id)).toBeUndefined()
    expect(replica.put("one", 2, kept)).toBe(true)
  })
})
