import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { EventOutbox, eventsSize } from "../../../../src/services/workers/EventOutbox.ts"
import type { FromWorker } from "../../../../src/services/workers/messages.ts"
import { TakenOutbox } from "../../../../src/services/workers/TakenOutbox.ts"

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Of texts, four of them or eight characters at most. */
const make = () => {
  const sent: Array<ReadonlyArray<string>> = []
  const outbox = new TakenOutbox<string>({
    send: (items) => sent.push(items),
    sizeOf: ({ length }) => length,
    max: 4,
    maxBytes: 8
  })
  return { outbox, sent }
}

const isSettled = (outbox: TakenOutbox<string>) => {
  const fiber = Effect.runFork(outbox.settled)
  return () => fiber.pollUnsafe() !== undefined
}

describe("an outbox to a process that says what it has taken", () => {
  it("drops and counts what comes while too many are on the way", async () => {
    const { outbox, sent } = make()
    for (const item of ["a", "b", "c", "d", "e"]) outbox.add(item)
    await turn()
    outbox.add("f")
    outbox.taken(2, 2)
    for (const item of ["g", "h", "i"]) outbox.add(item)
    await turn()
    expect([sent, outbox.dropped]).toEqual([
      [
        ["a", "b", "c", "d"],
        ["g", "h"]
      ],
      3
    ])
  })

  it("and while too many bytes are; a single one may have more", async () => {
    const { outbox, sent } = make()
    for (const item of ["123456789", "a"]) outbox.add(item)
    outbox.taken(1, 9)
    for (const item of ["12345", "1234", "123"]) outbox.add(item)
    await turn()
    expect([sent, outbox.dropped]).toEqual([[["123456789", "12345", "123"]], 2])
  })

  it("is settled when nothing is on the way", () => {
    const { outbox } = make()
    expect(isSettled(outbox)()).toBe(true)
    outbox.add("a")
    outbox.add("b")
    const settled = isSettled(outbox)
    outbox.taken(1, 1)
    expect(settled()).toBe(false)
    outbox.taken(1, 1)
    expect([settled(), isSettled(outbox)()]).toEqual([true, true])
    outbox.add("c")
    expect(isSettled(outbox)()).toBe(false)
  })
})

describe("the events of a worker's sessions", () => {
  const ended = { _tag: "Disconnected", client: "c", user: "u", code: 3001, reason: "shutdown" } as const
  const left = { _tag: "Unsubscribed", client: "c", user: "u", channel: "a", code: 0, reason: "" } as const

  it("are sent where somebody listens to them, and nothing else", async () => {
    const sent: Array<FromWorker> = []
    const { service } = new EventOutbox(new Set(["Unsubscribed", "ChannelOccupied"]), (message) =>
      sent.push(message)
    )
    expect([service.wants("Unsubscribed"), service.wants("Disconnected")]).toEqual([true, false])
    service.tell(ended)
    service.tell(left)
    // Over all workers this one may not be the first.
    service.tell({ _tag: "ChannelOccupied", channel: "a" })
    await turn()
    expect(sent).toEqual([{ _tag: "Events", events: [left] }])
  })

  it("are taken by what the primary counts", async () => {
    const events = new EventOutbox(new Set(["Unsubscribed", "Disconnected"]), () => {})
    events.service.tell(ended)
    events.service.tell(left)
    const fiber = Effect.runFork(events.settled)
    events.taken(2, eventsSize([ended, left]))
    expect(fiber.pollUnsafe()).toBeDefined()
  })
})
