import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CloseReasons } from "../../../../src/protocol/closeCodes.ts"
import { Keepalive } from "../../../../src/services/hot/Keepalive.ts"
import { FakeConnection } from "../../../support/FakeConnection.ts"

const MINUTE = 60_000

/** Ticks until `ms` have passed; `each` is called after every tick with the time. */
const pass = (keepalive: Keepalive, ms: number, each: (now: number) => void = () => {}) => {
  const ticks = Math.round(ms / keepalive.tickMs)
  for (let i = 1; i <= ticks; i++) {
    keepalive.tick()
    each(i * keepalive.tickMs)
  }
}

const opened = (keepalive: Keepalive) => {
  const connection = new FakeConnection()
  keepalive.opened(connection)
  return connection
}

describe("a silent connection", () => {
  it("is pinged after the ping interval, again after the next, and closed at the idle timeout with 3012", () => {
    const keepalive = new Keepalive(50_000, 2 * MINUTE)
    const connection = opened(keepalive)
    const pings: Array<number> = []
    let closedAt: number | undefined
    pass(keepalive, 3 * MINUTE, (now) => {
      if (connection.pings > pings.length) pings.push(now)
      if (connection.closedWith !== undefined) closedAt ??= now
    })
    expect(pings).toEqual([50_000, 100_000])
    expect(closedAt).toBe(2 * MINUTE)
    expect(connection.closedWith).toEqual(CloseReasons.noPong)
    expect([keepalive.pinged, keepalive.expired]).toEqual([2, 1])
  })

  it("lives on when it answers each ping", () => {
    const keepalive = new Keepalive(50_000, 2 * MINUTE)
    const connection = opened(keepalive)
    connection.onPing = () => keepalive.heard(connection)
    pass(keepalive, 60 * MINUTE)
    expect(connection.closedWith).toBeUndefined()
    expect(connection.pings).toBe(72)
  })

  it("has its end put off by a late pong", () => {
    const keepalive = new Keepalive(50_000, 2 * MINUTE)
    const connection = opened(keepalive)
    pass(keepalive, 119_000)
    keepalive.heard(connection)
    pass(keepalive, 119_000)
    expect(connection.closedWith).toBeUndefined()
    pass(keepalive, 1000)
    expect(connection.closedWith).toEqual(CloseReasons.noPong)
  })
})

describe("a connection that sends", () => {
  it("is not pinged", () => {
    const keepalive = new Keepalive(50_000, 2 * MINUTE)
    const connection = opened(keepalive)
    pass(keepalive, 60 * MINUTE, (now) => {
      if (now % 40_000 === 0) keepalive.heard(connection)
    })
    expect([connection.pings, connection.closedWith]).toEqual([0, undefined])
  })
})

describe("switched off", () => {
  it("pings: only the idle timeout holds", () => {
    const keepalive = new Keepalive(0, 2 * MINUTE)
    const [silent, lively] = [opened(keepalive), opened(keepalive)]
    pass(keepalive, 3 * MINUTE, (now) => {
      if (now % MINUTE === 0) keepalive.heard(lively)
      expect(silent.closedWith !== undefined).toBe(now >= 2 * MINUTE)
    })
    expect([silent.pings, lively.pings, lively.closedWith]).toEqual([0, 0, undefined])
  })

  it("idle timeout: silent connections are pinged for ever", () => {
    const keepalive = new Keepalive(50_000, 0)
    const connection = opened(keepalive)
    pass(keepalive, 1000_000)
    expect([connection.pings, connection.closedWith]).toEqual([20, undefined])
  })

  it("both: nothing is kept for a connection, and nothing happens", () => {
    const keepalive = new Keepalive(0, 0)
    const connection = opened(keepalive)
    expect([keepalive.isOn, connection.timer]).toEqual([false, -1])
    keepalive.heard(connection)
    keepalive.tick()
    keepalive.closed(connection)
    expect([connection.pings, connection.closedWith]).toEqual([0, undefined])
  })
})

describe("the tick", () => {
  it.each([
    [50_000, 120_000, 1000],
    [0, 120_000, 1000],
    [1600, 120_000, 100],
    [0, 800, 50],
    [10, 20, 5]
  ])("for pings after %d ms and an end after %d ms is %d ms", (pingMs, idleMs, tickMs) => {
    expect(new Keepalive(pingMs, idleMs).tickMs).toBe(tickMs)
  })
})

describe("a connection that ends", () => {
  it("is asked no more, and its place is used again", () => {
    const keepalive = new Keepalive(50_000, 2 * MINUTE)
    const [gone, stays] = [opened(keepalive), opened(keepalive)]
    const number = gone.timer
    keepalive.closed(gone)
    keepalive.closed(gone)
    expect(gone.timer).toBe(-1)
    const next = opened(keepalive)
    expect(next.timer).toBe(number)
    pass(keepalive, 3 * MINUTE)
    expect([gone.pings, gone.closedWith]).toEqual([0, undefined])
    expect([stays.pings, next.pings]).toEqual([2, 2])
  })

  it("by our close, as transports tell it at once, disturbs no other", () => {
    const keepalive = new Keepalive(0, 10_000)
    const all = Array.from({ length: 100 }, () => opened(keepalive))
    for (const connection of all)
      connection.owner = {
        left: () => keepalive.closed(connection),
        message: () => {},
        end: (_, why) => connection.close(why)
      }
    pass(keepalive, 20_000)
    expect(all.every(({ closedWith }) => closedWith === CloseReasons.noPong)).toBe(true)
    expect(keepalive.expired).toBe(100)
  })

  it("while it is pinged disturbs no other", () => {
    const keepalive = new Keepalive(10_000, 0)
    const before = Array.from({ length: 10 }, () => opened(keepalive))
    const fragile = opened(keepalive)
    const after = Array.from({ length: 10 }, () => opened(keepalive))
    fragile.onPing = () => keepalive.closed(fragile)
    pass(keepalive, 50_000)
    expect(fragile.pings).toBe(1)
    for (const { pings } of [...before, ...after]) expect(pings).toBe(5)
  })
})

describe("any times that the configuration allows", () => {
  const times = fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 1, max: 200_000 }))
  const allowed = times.map(([a, b]) => ({ pingMs: a, idleMs: a + b }))

  it("close a silent connection, and not before the idle timeout, nor much later", () => {
    fc.assert(
      fc.property(allowed, ({ pingMs, idleMs }) => {
        const keepalive = new Keepalive(pingMs, idleMs)
        const connection = opened(keepalive)
        let closedAt = Number.NaN
        pass(keepalive, idleMs + 3 * keepalive.tickMs, (now) => {
          if (connection.closedWith !== undefined && Number.isNaN(closedAt)) closedAt = now
        })
        expect(closedAt).toBeGreaterThanOrEqual(idleMs)
        expect(closedAt).toBeLessThan(idleMs + 2 * keepalive.tickMs)
      })
    )
  })

  it("ping a connection before they close it: who only listens must be able to stay", () => {
    fc.assert(
      fc.property(allowed, ({ pingMs, idleMs }) => {
        const keepalive = new Keepalive(pingMs, idleMs)
        const connection = opened(keepalive)
        connection.onPing = () => keepalive.heard(connection)
        pass(keepalive, 3 * idleMs)
        expect(connection.closedWith).toBeUndefined()
      })
    )
  })
})
