/** How readings wait for each other, without a server. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../../../src/services/broker/Broker.ts"
import type { ChannelLogs } from "../../../../../src/services/broker/nats/ChannelLogs.ts"
import type { LogPart, Stored } from "../../../../../src/services/broker/nats/LogPart.ts"
import { LogReader } from "../../../../../src/services/broker/nats/LogReader.ts"
import { Lot, lotOf } from "../../../../../src/services/broker/nats/Lot.ts"
import type { NatsLink } from "../../../../../src/services/nats/NatsLink.ts"

/** The part behind one message that is missing, far from all others. */
const part = (at: number, distance = 1e6): LogPart => {
  const seq = distance * at + 7
  const state = { offset: 2, marks: [{ offset: 1, seq: seq - 2 }] }
  return {
    channel: `c${at}`,
    after: { offset: 0, seq: seq - 3 },
    last: { seq, record: { state } } as unknown as Stored
  }
}

/** Questions that stay open until they are failed; then all fail at once. */
const world = () => {
  let isUp = true
  const open = new Set<(failed: Effect.Effect<never, BrokerUnavailable>) => void>()
  const down = Effect.fail(new BrokerUnavailable({ detail: "down" }))
  const at = () =>
    Effect.callback<Stored, BrokerUnavailable>((resume) => {
      if (isUp) open.add(resume)
      else resume(down)
    })
  const logs = {
    streamOf: (channel: string) => (channel === "other" ? "another" : "stream"),
    subjectOf: (channel: string) => channel,
    at
  } as unknown as ChannelLogs
  const reader = new LogReader({} as NatsLink["Service"], logs, Effect.runFork)
  return {
    reader,
    asked: () => open.size,
    lose: () => {
      isUp = false
      for (const resume of [...open]) resume(down)
    },
    restore: () => {
      isUp = true
    }
  }
}

const readAll = (reader: LogReader, count: number) => {
  const all = { ended: 0 }
  for (let at = 0; at < count; at++)
    Effect.runFork(Effect.onExit(reader.read(part(at)), () => Effect.sync(() => void all.ended++)))
  return all
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe("readings of logs", () => {
  it("however many wait when nothing can be asked any more, all are told, and others follow", async () => {
    const { reader, lose, restore } = world()
    const all = readAll(reader, 15_000)
    await settled()
    expect(all.ended).toBe(0)
    lose()
    await settled()
    expect([all.ended, reader.waiting]).toEqual([15_000, 0])
    restore()
    const more = readAll(reader, 40)
    await settled()
    expect([more.ended, reader.waiting]).toEqual([0, 40])
  })

  it("a stream that does not answer keeps no reading of another one waiting", async () => {
    const { reader, asked } = world()
    readAll(reader, 40)
    await settled()
    const [before, waiting] = [asked(), reader.waiting]
    Effect.runFork(reader.read({ ...part(0), channel: "other" }))
    await settled()
    expect([asked() - before, reader.waiting - waiting]).toEqual([1, 1])
  })

  it("when it is closed those that wait are refused, and nobody may begin", async () => {
    const { reader } = world()
    const all = readAll(reader, 40)
    await settled()
    reader.close()
    await settled()
    expect([all.ended, reader.waiting]).toEqual([24, 16])
    const later = readAll(reader, 1)
    await settled()
    expect(later.ended).toBe(1)
  })
})

describe("parts that wait together", () => {
  const waiting = (one: LogPart) => ({ part: one, found: undefined as never })

  it("are read at once where that costs less, else the first alone", () => {
    const near = new Lot()
    for (let at = 0; at < 200; at++) near.add(waiting(part(at, 1)))
    expect(near.take()).toHaveLength(200)
    const few = new Lot()
    for (let at = 0; at < 3; at++) few.add(waiting(part(at, 1)))
    expect(few.take()).toHaveLength(1)
    expect(few.take()).toHaveLength(1)
  })

  it("neither a long one nor one far away is among them", () => {
    const here = lotOf(part(0))
    expect(lotOf(part(0, 1))).toBe(here)
    expect(lotOf(part(1, 1e6))).not.toBe(here)
    expect(lotOf({ ...part(0), last: { seq: 1e5, record: undefined } })).not.toBe(here)
  })
})
