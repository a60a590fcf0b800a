import { describe, expect, it } from "vitest"
import { getInitialSnapshot, transition } from "xstate"
import {
  askAt,
  holds,
  LEASE_MS,
  type LeaseEvent,
  leaseMachine,
  RENEWAL_MS,
  TAKE_OVER_MS
} from "../../../../src/services/cluster/leaseMachine.ts"

const after = (...events: ReadonlyArray<LeaseEvent>) => {
  let snapshot = getInitialSnapshot(leaseMachine, { uid: "me" })
  for (const event of events) [snapshot] = transition(leaseMachine, snapshot, event)
  return snapshot
}

const seen = (revision: number, holder: string | undefined, at: number): LeaseEvent => ({
  type: "seen",
  revision,
  holder,
  at
})
const ask = (at: number): LeaseEvent => ({ type: "ask", at })
const granted = (revision: number): LeaseEvent => ({ type: "granted", revision })
const refused: LeaseEvent = { type: "refused" }
const unanswered: LeaseEvent = { type: "unanswered" }
const lapse = (at: number): LeaseEvent => ({ type: "lapse", at })
const leads = [seen(0, undefined, 10), ask(10), granted(7)]

describe("the lease", () => {
  it("is asked for at once where nobody holds it, or it is this node's own", () => {
    expect(askAt(after(seen(0, undefined, 10)))).toBe(10)
    expect(askAt(after(seen(4, undefined, 10)))).toBe(10)
    expect(askAt(after(seen(4, "me", 10)))).toBe(10)
  })

  it("of another node is asked for when its record has not changed for long enough", () => {
    expect(askAt(after(seen(4, "other", 10)))).toBe(10 + TAKE_OVER_MS)
    expect(askAt(after(seen(4, "other", 10), seen(4, "other", 500)))).toBe(10 + TAKE_OVER_MS)
    expect(askAt(after(seen(4, "other", 10), seen(5, "other", 500)))).toBe(500 + TAKE_OVER_MS)
    expect(askAt(after(seen(4, "other", 10), seen(5, undefined, 500)))).toBe(500)
    // What comes late is not news.
    expect(askAt(after(seen(4, "other", 10), seen(3, undefined, 500)))).toBe(10 + TAKE_OVER_MS)
  })

  it("counts from before it was asked for, and longer with each renewal that was granted", () => {
    const taken = after(...leads)
    expect(taken.context).toMatchObject({ fence: 7, revision: 7, until: 10 + LEASE_MS })
    expect([holds(taken, 10 + LEASE_MS - 1), holds(taken, 10 + LEASE_MS)]).toEqual([true, false])
    expect(askAt(taken)).toBe(10 + RENEWAL_MS)
    const renewing = after(...leads, ask(1010))
    expect([holds(renewing, 10 + LEASE_MS - 1), holds(renewing, 10 + LEASE_MS)]).toEqual([true, false])
    const renewed = after(...leads, ask(1010), granted(8))
    expect(renewed.context).toMatchObject({ fence: 7, revision: 8, until: 1010 + LEASE_MS })
  })

  it("is held no longer by a renewal that may have been granted, and goes on from what is read", () => {
    const unsure = after(...leads, ask(1010), unanswered)
    expect([unsure.value, holds(unsure, 2000), holds(unsure, 10 + LEASE_MS)]).toEqual(["unsure", true, false])
    const known = after(...leads, ask(1010), unanswered, seen(8, "me", 1500))
    expect(known.value).toBe("leading")
    expect(known.context).toMatchObject({ fence: 7, revision: 8, until: 10 + LEASE_MS })
    expect(after(...leads, ask(1010), unanswered, seen(9, "other", 1500)).value).toBe("following")
  })

  it("ends when its time is over, when it is refused, and when another node has it", () => {
    expect(after(...leads, lapse(LEASE_MS + 9)).value).toBe("leading")
    expect(after(...leads, lapse(LEASE_MS + 10)).value).toBe("unknown")
    expect(after(...leads, ask(1010), lapse(LEASE_MS + 10)).value).toBe("unknown")
    expect(after(...leads, ask(1010), lapse(LEASE_MS + 10), granted(8)).value).toBe("unknown")
    expect(after(...leads, ask(1010), refused).value).toBe("unknown")
    expect(after(...leads, seen(9, "other", 20)).value).toBe("following")
    expect(after(...leads, seen(7, "me", 20)).value).toBe("leading")
    expect(after(...leads, seen(6, "other", 20)).value).toBe("leading")
  })

  it("that was not granted has to be read", () => {
    expect(after(seen(0, undefined, 10), ask(10), refused).value).toBe("unknown")
    expect(after(seen(0, undefined, 10), ask(10), unanswered).value).toBe("unknown")
  })

  it("has a greater fence each time that it is taken", () => {
    const again = after(...leads, lapse(LEASE_MS + 10), seen(7, "me", 5000), ask(5000), granted(9))
    expect(again.context.fence).toBe(9)
  })
})
