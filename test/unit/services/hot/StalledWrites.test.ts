import { expect, it } from "vitest"
import { type CloseReason, CloseReasons } from "../../../../src/protocol/closeCodes.ts"
import { StalledWrites } from "../../../../src/services/hot/StalledWrites.ts"
import { FakeConnection } from "../../../support/FakeConnection.ts"

class Watched extends FakeConnection {
  override backlog = 1000
  progress = 0
  terminated = 0

  override terminate(): void {
    this.terminated++
    super.terminate()
  }

  /** The client takes so many bytes. */
  take(bytes: number): void {
    this.backlog -= bytes
    this.progress++
  }
}

/** Watches one for a timeout of a second; `pass` lets milliseconds pass. */
const watching = () => {
  const stalled = new StalledWrites(1000)
  const connection = new Watched()
  stalled.watch(connection)
  const pass = (ms: number) => {
    for (let at = 0; at < ms; at += stalled.tickMs) stalled.tick()
  }
  return { stalled, connection, pass }
}

it("a client that takes nothing for the whole time is closed with 3009 once, and not before", () => {
  const { stalled, connection, pass } = watching()
  pass(1000)
  expect(connection.closedWith).toBe(undefined)
  pass(250)
  expect([connection.closedWith, stalled.stalled, connection.terminated]).toEqual([
    CloseReasons.writeError,
    1,
    0
  ])
})

it("one that does not take the end of it either is cut after the same time again", () => {
  const { stalled, connection, pass } = watching()
  pass(2250)
  expect(connection.terminated).toBe(0)
  pass(250)
  expect([connection.terminated, stalled.stalled]).toEqual([1, 1])
})

it("one that takes something in time stays, however little and however long it goes on", () => {
  const { stalled, connection, pass } = watching()
  for (let i = 0; i < 50; i++) {
    pass(1000)
    connection.take(1)
    // More comes than it takes.
    connection.backlog += 10
    stalled.watch(connection)
    pass(250)
  }
  expect([connection.closedWith, stalled.size]).toEqual([undefined, 1])
  pass(1250)
  expect(connection.closedWith).toBe(CloseReasons.writeError)
})

it("one that has taken all is looked at no more, and begins anew when something waits again", () => {
  const { stalled, connection, pass } = watching()
  pass(1000)
  connection.take(1000)
  pass(250)
  expect(stalled.size).toBe(0)
  pass(10_000)
  connection.backlog = 1
  stalled.watch(connection)
  pass(1000)
  expect(connection.closedWith).toBe(undefined)
  pass(250)
  expect(connection.closedWith).toBe(CloseReasons.writeError)
})

it("to be told again that something waits does not give more time", () => {
  const { stalled, connection, pass } = watching()
  for (let i = 0; i < 4; i++) {
    pass(250)
    stalled.watch(connection)
  }
  pass(250)
  expect(connection.closedWith).toBe(CloseReasons.writeError)
})

it("one that is gone is forgotten", () => {
  const { stalled, connection, pass } = watching()
  stalled.forget(connection)
  pass(5000)
  expect([stalled.size, connection.closedWith, connection.terminated]).toEqual([0, undefined, 0])
})

it("its owner ends it, who may have something to say first", () => {
  const { connection, pass } = watching()
  const ends: Array<CloseReason> = []
  connection.owner = { message: () => {}, left: () => {}, end: (_, why) => ends.push(why) }
  pass(1250)
  expect([ends, connection.closedWith]).toEqual([[CloseReasons.writeError], undefined])
})

it.each([1, 20, 1000, 60_000])(
  "a time of %i ms is waited for, and not more than a quarter longer",
  (timeoutMs) => {
    const stalled = new StalledWrites(timeoutMs)
    const connection = new Watched()
    stalled.watch(connection)
    let ticks = 0
    while (connection.closedWith === undefined) {
      stalled.tick()
      ticks++
    }
    // It began to wait at any time before the first tick.
    expect((ticks - 1) * stalled.tickMs).toBeGreaterThanOrEqual(timeoutMs)
    expect(ticks * stalled.tickMs).toBeLessThanOrEqual(Math.max(timeoutMs * 1.25, timeoutMs + 10))
  }
)

it("among many, only those that stall are closed", () => {
  const stalled = new StalledWrites(1000)
  const all = Array.from({ length: 100 }, () => new Watched())
  for (const connection of all) stalled.watch(connection)
  for (let i = 0; i < 5; i++) {
    for (const [at, connection] of all.entries()) if (at % 3 !== 0) connection.take(1)
    stalled.tick()
  }
  expect(all.filter(({ closedWith }) => closedWith !== undefined)).toEqual(
    all.filter((_, at) => at % 3 === 0)
  )
})
