import { describe, expect, it } from "vitest"
import { SLOW_KEPT, SlowLog } from "../../../../src/services/hot/SlowLog.ts"
import { FakeConnection } from "../../../support/FakeConnection.ts"

class SessionConnection extends FakeConnection {
  override get isSession(): boolean {
    return true
  }
}

const START = 1_700_000_000_000

/** A log whose time is set by the test. */
const make = () => {
  const clock = { now: START }
  return { clock, log: new SlowLog("worker-3", () => clock.now) }
}

const waiting = (address: string, backlog = 1000): FakeConnection => {
  const connection = new FakeConnection(address)
  connection.backlog = backlog
  return connection
}

const addresses = (log: SlowLog) => log.recent.map(({ address }) => address)

describe("the log of slow consumers", () => {
  it("says who was slow, what waited, and what became of it, newest first", () => {
    const { clock, log } = make()
    log.foundFull(waiting("10.0.0.1", 500), "closed")
    clock.now += 0.4
    clock.now += 5
    const session = new SessionConnection("10.0.0.2")
    session.attachment = { client: "c1", user: "u1", secret: "s" }
    log.foundStalled(session)
    expect(log.recent).toEqual([
      {
        at: START + 5,
        process: "worker-3",
        address: "10.0.0.2",
        client: "c1",
        user: "u1",
        waitingBytes: 0,
        outcome: "closed"
      },
      { at: START, process: "worker-3", address: "10.0.0.1", waitingBytes: 500, outcome: "closed" }
    ])
    expect([log.full, log.times]).toEqual([1, 2])
  })

  it("tells of a connection that goes on missing messages once a minute, and counts each time", () => {
    const { clock, log } = make()
    const slow = waiting("10.0.0.1")
    for (let second = 0; second < 150; second++) {
      log.foundFull(slow, "dropped")
      clock.now += 1000
    }
    expect(log.recent.map(({ at }) => (at - START) / 1000)).toEqual([120, 60, 0])
    expect([log.full, log.times]).toEqual([150, 150])
  })

  it("tells that one is closed, though it was told that it missed messages", () => {
    const { log } = make()
    const slow = waiting("10.0.0.1")
    log.foundFull(slow, "dropped")
    log.foundFull(slow, "closed")
    expect(log.recent.map(({ outcome }) => outcome).sort()).toEqual(["closed", "dropped"])
  })

  it("asks a hundred a second who they are, and counts the others", () => {
    const { clock, log } = make()
    let asked = 0
    const curious = () =>
      Object.defineProperty(waiting(""), "address", { get: () => `10.0.0.${asked++}` }) as FakeConnection
    for (let i = 0; i < 250; i++) log.foundFull(curious(), "dropped")
    expect([asked, log.times]).toEqual([100, 250])
    clock.now += 1000
    log.foundFull(curious(), "dropped")
    expect(asked).toBe(101)
  })

  it("keeps the newest", () => {
    const { clock, log } = make()
    for (let i = 0; i < SLOW_KEPT + 20; i++) {
      log.foundFull(waiting(`${i}`), "closed")
      clock.now += 1000
    }
    expect(log.recent).toHaveLength(SLOW_KEPT)
    expect([addresses(log)[0], addresses(log).at(-1)]).toEqual([`${SLOW_KEPT + 19}`, "20"])
  })

  it("gives each once, and every time, to who collects those of several processes", () => {
    const { clock, log } = make()
    const all = new SlowLog("primary", () => clock.now)
    const tell = () => {
      const news = log.takeNews()
      if (news !== undefined) all.add(news)
      return news
    }
    expect(tell()).toBeUndefined()
    const slow = waiting("a")
    log.foundFull(slow, "dropped")
    log.foundFull(slow, "dropped")
    expect(tell()?.found).toHaveLength(1)
    log.foundFull(slow, "dropped")
    expect(tell()).toEqual({ times: 1, found: [] })
    log.foundFull(waiting("b"), "closed")
    log.foundFull(waiting("c"), "closed")
    tell()
    expect(tell()).toBeUndefined()
    expect([addresses(all).sort(), all.times]).toEqual([["a", "b", "c"], 5])
    expect(all.recent.every(({ process }) => process === "worker-3")).toBe(true)
  })

  it("has no more news than it keeps", () => {
    const { clock, log } = make()
    for (let i = 0; i < 3 * SLOW_KEPT; i++) {
      log.foundFull(waiting(`${i}`), "closed")
      clock.now += 1000
    }
    const news = log.takeNews()
    expect([news?.times, news?.found.length, news?.found[0]?.address]).toEqual([300, SLOW_KEPT, "200"])
  })
})
