/** What NATS keeps of a log is enough for all that counts, however it is used. */
import { millis } from "@nats-io/transport-node"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { wantedStreams } from "../../../../../src/services/broker/nats/historyStreams.ts"
import { alive, Draft, firstOf, type Top } from "../../../../../src/services/broker/nats/LogState.ts"
import { IDEMPOTENCY_TTL_MS } from "../../../../../src/services/history/IdempotencyKeys.ts"
import type { NatsLink } from "../../../../../src/services/nats/NatsLink.ts"
import { Subjects } from "../../../../../src/services/nats/subjects.ts"

const DATA = new Uint8Array(1)
const link = { subjects: new Subjects("t") } as NatsLink["Service"]
const keeping = { replicas: 1, storage: "file" } as const

interface Timeline {
  readonly size: number
  readonly ttlMs: number
  readonly metaTtlMs: number
  /** Publications, and milliseconds between two of them. */
  readonly count: number
  readonly apart: number
}

const messagesOf = ({ size, ttlMs, metaTtlMs }: Timeline): number =>
  wantedStreams(link, [{ name: "n", size, ttlMs, metaTtlMs }], keeping).at(-1)!.max_msgs_per_subject!

/** A channel that is read in each millisecond: how many messages back what counts stands at most. */
const mostKept = (timeline: Timeline): number => {
  let top: Top = { seq: 0, state: undefined }
  /** Of the last publication in each message of the log. */
  const offsets: Array<number> = []
  let most = 0
  const write = (now: number, change: (draft: Draft) => unknown) => {
    const draft = new Draft(top, now)
    change(draft)
    if (!draft.isChanged) return
    top = { seq: top.seq + 1, state: draft.state }
    offsets.push(draft.entries.at(-1)?.offset ?? 0)
  }
  for (let now = 0; now <= (timeline.count + 1) * timeline.apart; now++) {
    write(now, (draft) => draft.open(timeline))
    if (now > 0 && now % timeline.apart === 0) write(now, (draft) => draft.publish(DATA, timeline, {}))
    const state = alive(top.state, now)!
    const first = firstOf(state, now)
    if (first <= state.offset)
      most = Math.max(most, offsets.length - offsets.findIndex((offset) => offset >= first))
  }
  return most
}

it("a claim of a key ends later than five minutes after its publication, which came a while behind it", () => {
  const streams = wantedStreams(link, [], { ...keeping, replicas: 3 })
  const { max_age = 0 } = streams.find(({ name }) => name === link.subjects.keyStream)!
  expect(millis(max_age)).toBeGreaterThanOrEqual(IDEMPOTENCY_TTL_MS + 30_000)
})

describe("the messages that NATS keeps of each log", () => {
  it("are no more than twice its publications and two, where positions live much longer than those", () => {
    expect(messagesOf({ size: 100, ttlMs: 60_000, metaTtlMs: 480_000, count: 0, apart: 1 })).toBe(202)
  })

  it("hold the publications that count of a channel that is read all the time, and seldom published in", () => {
    for (const size of [1, 2, 5]) {
      const timeline = { size, ttlMs: 80, metaTtlMs: 80, count: 8, apart: 79 }
      expect(mostKept(timeline)).toBeLessThanOrEqual(messagesOf(timeline))
    }
  })

  it("hold them, whatever the lifetimes", () => {
    fc.assert(
      fc.property(
        fc.record({
          size: fc.integer({ min: 1, max: 6 }),
          ttlMs: fc.integer({ min: 8, max: 200 }),
          longer: fc.integer({ min: 0, max: 400 }),
          count: fc.integer({ min: 1, max: 6 }),
          part: fc.double({ min: 0.1, max: 1, noNaN: true })
        }),
        ({ size, ttlMs, longer, count, part }) => {
          const apart = Math.max(1, Math.floor(ttlMs * part))
          const timeline = { size, ttlMs, metaTtlMs: ttlMs + longer, count, apart }
          expect(mostKept(timeline)).toBeLessThanOrEqual(messagesOf(timeline))
        }
      ),
      { numRuns: 300 }
    )
  })
})
