import { describe, expect, it } from "vitest"
import {
  addBroadcasts,
  Broadcasts,
  JOINING_MS,
  MAX_BROADCASTS,
  UNDER_WAY_MS,
  withoutUnderWay
} from "../../../../src/client/metrics/Broadcasts.ts"
import { stampOf } from "../../../../src/client/metrics/stamp.ts"

const STAMP = 1_700_000_000_000
const payload = (stamp: number): Buffer => Buffer.from(String(stamp))

describe("the stamp", () => {
  it.each([
    ["1700000000000", STAMP],
    ["0000000000001", 1],
    ["170000000000", -1],
    ["17000000000000", -1],
    ["170000000000x", -1],
    ["-170000000000", -1],
    ["170000000000/", -1],
    ["170000000000:", -1],
    ["", -1]
  ])("of %j is %i", (text, stamp) => {
    expect(stampOf(Buffer.from(text))).toBe(stamp)
  })
})

describe("broadcasts", () => {
  it("are told with the connections open at the first copy, the copies, and the first and last latency", () => {
    const broadcasts = new Broadcasts()
    expect(broadcasts.hear(payload(STAMP), STAMP + 1.5, 3, 0)).toBe(1.5)
    expect(broadcasts.hear(payload(STAMP), STAMP + 2.25, 4, 0)).toBe(2.25)
    expect(broadcasts.hear(payload(STAMP + 5_000), STAMP + 5_010, 4, 0)).toBe(10)
    expect(broadcasts.snapshot()).toEqual({
      broadcasts: [
        { id: "1700000000000", expected: 3, received: 2, firstMs: 1.5, lastMs: 2.25 },
        { id: "1700000005000", expected: 4, received: 1, firstMs: 10, lastMs: 10 }
      ],
      folded: { broadcasts: 0, expected: 0, received: 0 },
      unstamped: 0
    })
  })

  it("that come mixed are told apart, whatever buffer the bytes are in", () => {
    const broadcasts = new Broadcasts()
    const shared = Buffer.alloc(13)
    for (let i = 0; i < 30; i++) {
      shared.write(String(STAMP + (i % 3)))
      broadcasts.hear(shared, STAMP + 10, 10, 0)
    }
    expect(broadcasts.snapshot().broadcasts.map(({ received }) => received)).toEqual([10, 10, 10])
  })

  it("leave out messages without a stamp, which have no latency but are counted", () => {
    const broadcasts = new Broadcasts()
    broadcasts.hear(payload(STAMP), STAMP, 1, 0)
    expect(broadcasts.hear(Buffer.from("hello"), STAMP, 1, 0)).toBeNaN()
    expect(broadcasts.hear(Buffer.from("1700000000000 "), STAMP, 1, 0)).toBeNaN()
    expect(broadcasts.snapshot()).toMatchObject({ unstamped: 2, broadcasts: [{ received: 1 }] })
  })

  it("over MAX_BROADCASTS are folded, oldest first, and their late copies still count", () => {
    const broadcasts = new Broadcasts()
    const count = MAX_BROADCASTS + 5
    for (let i = 0; i < count; i++) broadcasts.hear(payload(STAMP + i), STAMP + i, 2, 0)
    expect(broadcasts.hear(payload(STAMP), STAMP + 900, 2, 0)).toBe(900)
    const { broadcasts: told, folded } = broadcasts.snapshot()
    expect(told).toHaveLength(MAX_BROADCASTS)
    expect(told[0]?.id).toBe(String(STAMP + 5))
    expect(folded).toEqual({ broadcasts: 5, expected: 10, received: 6, leastDelivered: 50 })
  })

  it("of several processes add up by id", () => {
    const [one, two] = [new Broadcasts(), new Broadcasts()]
    one.hear(payload(STAMP), STAMP + 5, 10, 0)
    one.hear(payload(STAMP), STAMP + 6, 10, 0)
    two.hear(payload(STAMP), STAMP + 3, 7, 0)
    two.hear(payload(STAMP + 1), STAMP + 3, 7, 0)
    two.hear(Buffer.from("x"), STAMP + 3, 7, 0)
    const sum = addBroadcasts([one.snapshot(), two.snapshot()])
    expect(sum.broadcasts).toEqual([
      { id: String(STAMP), expected: 17, received: 3, firstMs: 3, lastMs: 6 },
      { id: String(STAMP + 1), expected: 7, received: 1, firstMs: 2, lastMs: 2 }
    ])
    expect(sum.unstamped).toBe(1)
  })

  it("of several processes stay within MAX_BROADCASTS", () => {
    const parts = [0, 1].map((part) => {
      const broadcasts = new Broadcasts()
      for (let i = 0; i < MAX_BROADCASTS; i++)
        broadcasts.hear(payload(STAMP + 2 * i + part), STAMP + 10_000, 1, 0)
      return broadcasts.snapshot()
    })
    const sum = addBroadcasts(parts)
    expect(sum.broadcasts).toHaveLength(MAX_BROADCASTS)
    expect(sum.broadcasts[0]?.id).toBe(String(STAMP + MAX_BROADCASTS))
    expect(sum.folded).toEqual({
      broadcasts: MAX_BROADCASTS,
      expected: MAX_BROADCASTS,
      received: MAX_BROADCASTS,
      leastDelivered: 100
    })
  })
})

describe("the worst of the broadcasts that are folded", () => {
  const folding = (received: number) => {
    const broadcasts = new Broadcasts()
    for (let i = 0; i < received; i++) broadcasts.hear(payload(STAMP), STAMP + 1, 10, 0)
    for (let i = 1; i <= 3 * MAX_BROADCASTS; i++) broadcasts.hear(payload(STAMP + i), STAMP + i, 1, 0)
    return broadcasts
  }
  const least = (broadcasts: Broadcasts) => broadcasts.snapshot().folded.leastDelivered

  it("stays known however many follow it, also in the sum of several processes", () => {
    expect(least(folding(4))).toBe(40)
    expect(
      addBroadcasts([folding(10), folding(7)].map((each) => each.snapshot())).folded.leastDelivered
    ).toBe(70)
  })

  it("is not one whose copies only came late", () => {
    const broadcasts = folding(9)
    expect(least(broadcasts)).toBe(90)
    broadcasts.hear(payload(STAMP), STAMP + 9_000, 10, 0)
    expect(least(broadcasts)).toBe(100)
  })

  it("is one that came when newer ones filled all places, and nothing of it is lost", () => {
    const broadcasts = new Broadcasts()
    for (let i = 1; i <= MAX_BROADCASTS; i++) broadcasts.hear(payload(STAMP + i), STAMP + i, 1, 0)
    for (let i = 0; i < 2; i++) broadcasts.hear(payload(STAMP), STAMP + 9_000, 4, 0)
    expect(broadcasts.snapshot().folded).toEqual({
      broadcasts: 1,
      expected: 4,
      received: 2,
      leastDelivered: 50
    })
  })
})

describe("connections that are gone", () => {
  it("are taken back from what is expected where the client ended them, however old the broadcast, and not what they heard", () => {
    const broadcasts = new Broadcasts()
    for (const stamp of [STAMP, STAMP + 100]) broadcasts.hear(payload(stamp), stamp + 9_000, 5, 0)
    broadcasts.left(STAMP, 0)
    expect(broadcasts.snapshot().broadcasts.map(({ expected }) => expected)).toEqual([5, 4])
    broadcasts.left(0, STAMP + 50)
    expect(broadcasts.snapshot().broadcasts.map(({ expected }) => expected)).toEqual([5, 3])
  })

  it("are found in broadcasts that were heard out of order", () => {
    const broadcasts = new Broadcasts()
    for (const stamp of [STAMP, STAMP + 200, STAMP + 100]) broadcasts.hear(payload(stamp), stamp, 5, 0)
    broadcasts.left(STAMP + 100, 0)
    expect(broadcasts.snapshot().broadcasts.map(({ expected }) => expected)).toEqual([5, 5, 4])
  })

  it("before the first copy are not subtracted twice where they had just opened", () => {
    const broadcasts = new Broadcasts()
    broadcasts.opened(STAMP + 1)
    broadcasts.opened(STAMP + 2)
    broadcasts.gone(STAMP + 1)
    // Three that were there before, and one that has just opened.
    broadcasts.hear(payload(STAMP), STAMP + 5, 4, 0)
    expect(broadcasts.snapshot().broadcasts).toMatchObject([{ expected: 3, received: 1 }])
  })
})

describe("a broadcast that another process heard", () => {
  const told = (active: number): Broadcasts => {
    const broadcasts = new Broadcasts()
    broadcasts.expect(STAMP, STAMP + 900, active)
    return broadcasts
  }

  it("is expected by all that are open, and missing until it comes", () => {
    const broadcasts = told(2)
    expect([broadcasts.latest, broadcasts.missing]).toEqual([STAMP, 2])
    expect(broadcasts.snapshot().broadcasts).toMatchObject([{ id: String(STAMP), expected: 2, received: 0 }])
    broadcasts.hear(payload(STAMP), STAMP + 950, 2, 0)
    expect(broadcasts.missing).toBe(1)
    expect(broadcasts.snapshot().broadcasts).toMatchObject([{ received: 1, firstMs: 950, lastMs: 950 }])
  })

  it("changes nothing where it is known, or older than the latest one", () => {
    const broadcasts = new Broadcasts()
    broadcasts.hear(payload(STAMP + 5), STAMP + 10, 3, 0)
    const before = broadcasts.snapshot()
    broadcasts.expect(STAMP + 5, STAMP + 900, 9)
    expect(broadcasts.snapshot()).toEqual(before)
    broadcasts.expect(STAMP, STAMP + 900, 9)
    expect([broadcasts.latest, broadcasts.missing]).toEqual([STAMP + 5, 2])
  })

  it("and no copy of which came here counts in the sum as lost, and says nothing of when the others' came", () => {
    const heard = new Broadcasts()
    heard.hear(payload(STAMP), STAMP + 5, 1, 0)
    const expected = [{ id: String(STAMP), expected: 8, received: 1, firstMs: 5, lastMs: 5 }]
    expect(addBroadcasts([told(7).snapshot(), heard.snapshot()]).broadcasts).toEqual(expected)
    expect(addBroadcasts([heard.snapshot(), told(7).snapshot()]).broadcasts).toEqual(expected)
  })
})

describe("connections that open around a broadcast", () => {
  it("are neither expected nor counted, for nobody can tell whether it should reach them", () => {
    const broadcasts = new Broadcasts()
    const openedAt = [STAMP - 5_000, STAMP - JOINING_MS - 1, STAMP - JOINING_MS + 1, STAMP + 2]
    for (const at of openedAt) broadcasts.opened(at)
    for (const at of openedAt.slice(0, 3)) broadcasts.hear(payload(STAMP), STAMP + 4, 4, at)
    expect(broadcasts.snapshot().broadcasts).toMatchObject([{ expected: 2, received: 2 }])
  })

  it("leave a loss among the others visible", () => {
    const broadcasts = new Broadcasts()
    for (const at of [STAMP - 500, STAMP - 400, STAMP + 1]) broadcasts.opened(at)
    broadcasts.hear(payload(STAMP), STAMP + 4, 3, STAMP - 500)
    broadcasts.hear(payload(STAMP), STAMP + 5, 3, STAMP + 1)
    expect(broadcasts.snapshot().broadcasts).toMatchObject([{ expected: 2, received: 1 }])
  })

  it("are left out on both sides to the millisecond: one that opened exactly JOINING_MS before", () => {
    const broadcasts = new Broadcasts()
    broadcasts.opened(STAMP - JOINING_MS)
    broadcasts.hear(payload(STAMP), STAMP + 4, 1, STAMP - JOINING_MS)
    const [told] = broadcasts.snapshot().broadcasts
    expect(told?.received).toBe(told?.expected)
  })

  it("are not waited for, others are", () => {
    const broadcasts = new Broadcasts()
    for (const at of [STAMP - 500, STAMP - 400, STAMP + 1]) broadcasts.opened(at)
    expect(broadcasts.missing).toBe(0)
    broadcasts.hear(payload(STAMP), STAMP + 4, 3, STAMP + 1)
    expect(broadcasts.missing).toBe(2)
    broadcasts.hear(payload(STAMP), STAMP + 4, 3, STAMP - 500)
    broadcasts.hear(payload(STAMP), STAMP + 4, 3, STAMP - 400)
    expect(broadcasts.missing).toBe(0)
  })
})

describe("broadcasts of several processes that are asked one after the other", () => {
  const told = (id: number, received: number) => ({
    ...{ id: String(id), expected: 300, received, firstMs: 1, lastMs: 2 }
  })
  const left = (id: number, received: number) =>
    withoutUnderWay({ ...new Broadcasts().snapshot(), broadcasts: [told(id, received)] }, STAMP).broadcasts
      .length

  it.each([
    ["came after the first was asked", STAMP + 1, 127, 0],
    ["came so shortly before that not everyone has it", STAMP - UNDER_WAY_MS + 1, 299, 0],
    ["came shortly before and reached everyone", STAMP - 1, 300, 1],
    ["came in time and lost copies", STAMP - UNDER_WAY_MS, 299, 1]
  ])("one that %s", (_, id, received, kept) => {
    expect(left(id, received)).toBe(kept)
  })
})
