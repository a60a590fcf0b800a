/** One reading of a stream for many: who has what, whenever they come. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../../../src/services/broker/Broker.ts"
import type { ChannelLogs } from "../../../../../src/services/broker/nats/ChannelLogs.ts"
import type { Waiting } from "../../../../../src/services/broker/nats/Lot.ts"
import { Sweep } from "../../../../../src/services/broker/nats/Sweep.ts"

const logs = {
  subjectOf: (channel: string) => channel,
  read: (seq: number) => ({ seq, record: undefined })
} as unknown as ChannelLogs

/** Of a channel that has each tenth message, or five behind it. */
const part = (channel: string, after: number, last: number): Waiting => ({
  part: { channel, after: { offset: after / 10, seq: after }, last: { seq: last, record: undefined } },
  found: Deferred.makeUnsafe()
})

/** Messages of "a" at 10, 20, … and of "b" at 15, 25, … */
const offer = (sweep: Sweep, from: number, to: number): void => {
  for (let seq = from; seq <= to; seq += 5) sweep.offer(seq, seq % 10 === 0 ? "a" : "b", new Uint8Array(0))
}

const seqs = async ({ found }: Waiting): Promise<ReadonlyArray<number>> =>
  (await Effect.runPromise(Deferred.await(found))).map(({ seq }) => seq)

const isDone = ({ found }: Waiting): boolean => Deferred.isDoneUnsafe(found)

describe("one reading for many parts of logs", () => {
  it("gives each its own, as soon as it is whole", async () => {
    const [a, b, also] = [part("a", 10, 40), part("b", 5, 25), part("a", 0, 20)]
    const sweep = new Sweep(logs, [a, b, also])
    expect([sweep.after, sweep.last]).toEqual([0, 40])
    offer(sweep, 10, 25)
    expect([isDone(a), isDone(b), isDone(also)]).toEqual([false, true, true])
    offer(sweep, 30, 40)
    expect(await Promise.all([a, b, also].map(seqs))).toEqual([
      [20, 30, 40],
      [15, 25],
      [10, 20]
    ])
    expect(sweep.end(Exit.void)).toEqual([])
  })

  it("who comes while it is under way has the rest of it, and what was before that is read for them later", async () => {
    const first = part("a", 0, 100)
    const sweep = new Sweep(logs, [first])
    offer(sweep, 10, 50)
    const [inTime, late] = [part("a", 50, 90), part("b", 20, 105)]
    expect(sweep.join(inTime)).toBeUndefined()
    const before = sweep.join(late)!
    expect(before.part).toMatchObject({ channel: "b", after: { seq: 20 }, last: { seq: 50 } })
    expect(sweep.last).toBe(105)
    offer(sweep, 55, 105)
    expect(await Promise.all([first, inTime].map(seqs))).toEqual([
      [10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
      [60, 70, 80, 90]
    ])
    expect(sweep.end(Exit.void)).toEqual([])
    const next = new Sweep(logs, [before])
    expect([next.after, next.last]).toEqual([20, 50])
    offer(next, 25, 50)
    // Nothing of it stands at the end of that part.
    expect(next.end(Exit.void)).toEqual([])
    expect(await seqs(late)).toEqual([25, 35, 45, 55, 65, 75, 85, 95, 105])
  })

  it("who wants nothing of the rest, or far more than that, does not join", () => {
    const sweep = new Sweep(logs, [part("a", 0, 100)])
    offer(sweep, 10, 50)
    for (const one of [part("b", 20, 50), part("b", 60, 155)]) expect(sweep.join(one)).toBe(one)
    expect(sweep.last).toBe(100)
    expect(sweep.join(part("b", 60, 145))).toBeUndefined()
    // It grows once by half, however many come.
    offer(sweep, 55, 140)
    expect(sweep.join(part("b", 140, 155))).toBeDefined()
  })

  it("at its end what is missing is gone; but of who joined nobody knows whether they came in time", async () => {
    const [first, joined] = [part("a", 0, 40), part("a", 0, 45)]
    const sweep = new Sweep(logs, [first])
    expect(sweep.join(joined)).toBeUndefined()
    offer(sweep, 10, 35)
    expect(sweep.end(Exit.void)).toEqual([joined])
    expect(await seqs(first)).toEqual([10, 20, 30])
    expect(isDone(joined)).toBe(false)
  })

  it("where it fails all have failed, those that joined, too", async () => {
    const [first, joined] = [part("a", 0, 40), part("b", 0, 45)]
    const sweep = new Sweep(logs, [first])
    offer(sweep, 10, 20)
    const before = sweep.join(joined)!
    const failed = new BrokerUnavailable({ detail: "down" })
    expect(sweep.end(Exit.fail(failed))).toEqual([])
    expect(await Effect.runPromise(Effect.flip(Deferred.await(first.found)))).toBe(failed)
    expect(await Effect.runPromise(Effect.flip(Deferred.await(joined.found)))).toBe(failed)
    expect(isDone(before)).toBe(false)
  })
})
