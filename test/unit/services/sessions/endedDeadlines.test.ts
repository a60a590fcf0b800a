import { describe, expect, it } from "vitest"
import { Deadlines } from "../../../../src/services/sessions/Deadlines.ts"
import type { Session } from "../../../../src/services/sessions/Session.ts"
import { SessionTimers } from "../../../../src/services/sessions/SessionTimers.ts"
import { configWith } from "../../../support/configurations.ts"

/** A session of which only the time is real. */
const makeSession = () => {
  const timers = new SessionTimers(1000)
  let disconnects = 0
  const session = {
    env: { config: configWith(), timers, now: () => 0, backend: {} },
    handshake: { hasPings: true },
    wantsPongs: true,
    ping: () => {},
    disconnect: () => void disconnects++
  } as unknown as Session
  return { session, timers, disconnects: () => disconnects }
}

describe("deadlines of a session that has ended", () => {
  it("begin nothing anew, whatever answers come late", () => {
    const { session, timers, disconnects } = makeSession()
    const deadlines = new Deadlines(session)
    deadlines.begin()
    deadlines.connected()
    expect(deadlines.timer).toBeGreaterThanOrEqual(0)
    deadlines.end()
    deadlines.expires(1)
    deadlines.watchSubscriptions()
    deadlines.connected()
    expect(deadlines.timer).toBe(-1)
    for (let tick = 0; tick < 10_000; tick++) timers.tick()
    expect(disconnects()).toBe(0)
  })
})
