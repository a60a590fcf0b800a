import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fullJitter } from "../../../src/client/backoff.ts"
import type { ClientSocket } from "../../../src/client/ClientSocket.ts"
import { comesBackAfterClose, comesBackAfterFailure } from "../../../src/client/comesBack.ts"
import { DueQueue } from "../../../src/client/DueQueue.ts"
import { MAX_ATTEMPTS_A_TURN, Reconnects } from "../../../src/client/Reconnects.ts"
import type { SocketErrorKind } from "../../../src/client/SocketError.ts"

describe("full jitter", () => {
  const delay = fc.integer({ min: 1, max: 100_000 })

  it("lies between 0 and the doubled least delay, and never over the longest", () => {
    fc.assert(
      fc.property(
        fc.nat(2_000),
        delay,
        delay,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, min, max, chance) => {
          const waited = fullJitter(failures, min, max, () => chance)
          expect(waited).toBeGreaterThanOrEqual(0)
          expect(waited).toBeLessThan(Math.min(max, min * 2 ** failures) + Number.MIN_VALUE)
        }
      )
    )
  })

  it("is uniform: with evenly spread chances its mean is half of the bound", () => {
    for (const [failures, bound] of [
      [0, 500],
      [1, 1_000],
      [5, 16_000],
      [6, 20_000],
      [5_000, 20_000]
    ] as const) {
      const chances = Array.from({ length: 1_000 }, (_, i) => (i + 0.5) / 1_000)
      const waited = chances.map((chance) => fullJitter(failures, 500, 20_000, () => chance))
      expect(waited.reduce((sum, each) => sum + each, 0) / 1_000).toBeCloseTo(bound / 2, 6)
      expect(Math.max(...waited)).toBeGreaterThan(bound * 0.99)
    }
  })
})

describe("what comes back", () => {
  const kinds = (comesBack: boolean, all: ReadonlyArray<SocketErrorKind>) => {
    for (const kind of all)
      expect([kind, comesBackAfterFailure({ kind, message: "" })]).toEqual([kind, comesBack])
  }

  it("after failures that may pass", () => {
    kinds(true, ["connectRefused", "connectTimeout", "handshakeTimeout", "handshakeCut", "reset"])
    kinds(true, ["unreachable", "portsExhausted", "other"])
    kinds(false, ["malformed", "headTooLarge", "badUpgrade", "badAccept", "protocolError", "tls"])
    kinds(false, ["unaskedSubprotocol", "unaskedExtension", "badLocalAddress", "nameNotFound"])
    kinds(false, ["tooManyOpenFiles", "abandoned"])
  })

  it("after refusals of a server in trouble, not of the request", () => {
    const statuses = [200, 301, 400, 401, 403, 404, 426, 429, 500, 501, 502, 503, 504, 505]
    const refused = (status: number) => ({ kind: "refused" as const, message: "", status })
    expect(statuses.filter((status) => comesBackAfterFailure(refused(status)))).toEqual([
      429, 500, 502, 503, 504
    ])
    expect(comesBackAfterFailure({ kind: "refused", message: "" })).toBe(false)
  })

  it("after close codes that are not terminal", () => {
    const comeBack = [1000, 1001, 1005, 1006, 1012, 1013, 3000, 3499, 4000, 4499, 5000]
    expect(comeBack.filter(comesBackAfterClose)).toEqual(comeBack)
    expect([1009, 3500, 3503, 3999, 4500, 4999].filter(comesBackAfterClose)).toEqual([])
  })
})

it("what is due is taken in the order of its time", () => {
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ at: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.constant("take" as const) }
  )
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 200 }), (steps) => {
      const queue = new DueQueue<number>()
      const model: Array<number> = []
      for (const step of steps) {
        if (step === "take") expect(queue.take()).toBe(model.shift())
        else {
          queue.add(step.at, step.at)
          model.push(step.at)
          model.sort((a, b) => a - b)
        }
        expect([queue.size, queue.nextAt]).toEqual([model.length, model[0] ?? Number.POSITIVE_INFINITY])
      }
    })
  )
})

interface FakeSocket extends Pick<ClientSocket, "state" | "opened" | "since"> {
  state: ClientSocket["state"]
}

/** Reconnects on a clock that the test moves; `chance` is what random gives. */
const start = ({ chance = 0.5, minDelayMs = 100, maxDelayMs = 1_000 } = {}) => {
  let now = 0
  let waiting = 0
  const timers: Array<{ run: () => void; at: number; ms: number }> = []
  const attempts: Array<FakeSocket & { at: number }> = []
  const reconnects = new Reconnects({
    minDelayMs,
    maxDelayMs,
    now: () => now,
    random: () => chance,
    timers: {
      setTimeout: (run, ms) => timers[timers.push({ run, at: now + ms, ms }) - 1],
      clearTimeout: (timer) => void timers.splice(timers.indexOf(timer as (typeof timers)[0]), 1)
    },
    connect: () => attempts[attempts.push({ state: "connecting", opened: false, since: now, at: now }) - 1]!,
    waitingChanged: (by) => {
      waiting += by
    }
  })
  const open = (socket: FakeSocket) => Object.assign(socket, { state: "open", opened: true, since: now })
  /** Runs one timer: one turn of the event loop. */
  const turn = () => {
    const next = timers.reduce((first, each) => (each.at < first.at ? each : first))
    timers.splice(timers.indexOf(next), 1)
    now = Math.max(now, next.at)
    next.run()
  }
  const wait = (ms: number) => {
    const until = now + ms
    while (timers.some(({ at }) => at <= until)) turn()
    now = until
  }
  const newSocket = (): FakeSocket => ({ state: "connecting", opened: false, since: now })
  return { reconnects, timers, attempts, waiting: () => waiting, open, turn, wait, newSocket }
}

describe("lost connections", () => {
  it("back off by doubled bounds, and from the start again once one has been open for the longest delay", () => {
    const { reconnects, attempts, open, wait, newSocket } = start()
    reconnects.ended(open(newSocket()), true)
    const waits: Array<number> = []
    let last = 0
    const next = () => {
      wait(10_000)
      const attempt = attempts.at(-1)!
      waits.push(attempt.at - last)
      last = attempt.at + (10_000 - (attempt.at - last))
      return attempt
    }
    for (let i = 0; i < 5; i++) reconnects.ended(next(), true)
    expect(waits).toEqual([50, 100, 200, 400, 500])
    // Open, but for less than the longest delay.
    const { reconnects: second, attempts: its, open: opens, wait: waitFor, newSocket: newOne } = start()
    second.ended(opens(newOne()), true)
    waitFor(50)
    opens(its[0]!)
    waitFor(999)
    second.sweep()
    second.ended(its[0]!, true)
    waitFor(100)
    expect(its[1]!.at).toBe(50 + 999 + 100)
    opens(its[1]!)
    waitFor(1_000)
    second.sweep()
    second.ended(its[1]!, true)
    waitFor(50)
    expect(its[2]!.at).toBe(50 + 999 + 100 + 1_000 + 50)
  })

  it("are back when they had been open before, and only then", () => {
    const { reconnects, attempts, open, wait, newSocket } = start()
    const first = newSocket()
    expect(reconnects.isBack(first)).toBe(false)
    reconnects.ended(first, true)
    wait(50)
    expect(reconnects.isBack(attempts[0]!)).toBe(false)
    reconnects.ended(open(attempts[0]!), true)
    wait(100)
    expect(reconnects.isBack(attempts[1]!)).toBe(true)
    // Lost before it opened: it is the same connection all the same.
    reconnects.ended(attempts[1]!, true)
    wait(200)
    expect(reconnects.isBack(attempts[2]!)).toBe(true)
  })

  it("share one timer, which is the first one's", () => {
    const { reconnects, timers, attempts, waiting, wait, newSocket } = start()
    reconnects.ended(newSocket(), true, 5_000)
    reconnects.ended(newSocket(), true, 3_000)
    reconnects.ended(newSocket(), true, 4_000)
    expect([timers.map(({ at }) => at), waiting()]).toEqual([[3_050], 3])
    wait(3_050)
    expect([timers.map(({ at }) => at), waiting(), attempts.length]).toEqual([[4_050], 2, 1])
    wait(5_000)
    expect([timers, waiting(), attempts.map(({ at }) => at)]).toEqual([[], 0, [3_050, 4_050, 5_050]])
  })

  it("wait for the time that the server asks for and then for their backoff, however long that is", () => {
    const { reconnects, timers, attempts, wait, newSocket } = start()
    const year = 365 * 24 * 3_600_000
    reconnects.ended(newSocket(), true, year)
    wait(year + 49)
    // Node fires a longer timer at once.
    expect(timers.every(({ ms }) => ms <= 2 ** 31 - 1)).toBe(true)
    expect(attempts).toEqual([])
    wait(1)
    expect(attempts).toHaveLength(1)
  })

  it("that are due at once are attempted in steps, over several turns", () => {
    const { reconnects, attempts, waiting, turn, newSocket } = start({ chance: 0 })
    for (let i = 0; i < 2 * MAX_ATTEMPTS_A_TURN + 1; i++) reconnects.ended(newSocket(), true)
    const counts = [1, 2, 3].map(() => {
      turn()
      return [attempts.length, waiting()]
    })
    expect(counts).toEqual([
      [MAX_ATTEMPTS_A_TURN, MAX_ATTEMPTS_A_TURN + 1],
      [2 * MAX_ATTEMPTS_A_TURN, 1],
      [2 * MAX_ATTEMPTS_A_TURN + 1, 0]
    ])
  })

  it("stay away where their end is final, and after the stop", () => {
    const { reconnects, timers, attempts, waiting, open, wait, newSocket } = start()
    reconnects.ended(open(newSocket()), false)
    expect([timers.length, waiting()]).toEqual([0, 0])
    reconnects.ended(open(newSocket()), true)
    reconnects.ended(open(newSocket()), true)
    reconnects.stop()
    expect([timers.length, waiting()]).toEqual([0, 0])
    reconnects.ended(open(newSocket()), true)
    wait(100_000)
    expect([attempts, waiting()]).toEqual([[], 0])
  })
})
