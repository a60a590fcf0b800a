/** What a client was told decides what it is due; and what a report says. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { check, report } from "../../support/jepsen/check.ts"
import { type HistoryEvent, readHistory } from "../../support/jepsen/History.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

type Untimed = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, "at"> : never) : never

const channel = "a"
const epoch = "e"
const history = (...events: ReadonlyArray<Untimed>) => ({
  seed: 7,
  events: events.map((event, at) => ({ at, ...event }) as HistoryEvent)
})

const published = (op: number, offset: number, of = epoch): ReadonlyArray<Untimed> => [
  { type: "invoke", op, by: "p", node: "n", channel, payload: `p${op}` },
  { type: "ok", op, position: { offset, epoch: of } }
]
const subscribed = (offset: number, as: "new" | "recovered" | "unrecovered", of = epoch): Untimed => ({
  type: "subscribed",
  client: "c",
  channel,
  node: "n",
  wasRecovering: as !== "new",
  recovered: as === "recovered",
  position: { offset, epoch: of }
})
const delivered = (op: number, offset: number): Untimed => ({
  type: "delivered",
  client: "c",
  channel,
  offset,
  payload: `p${op}`
})
const settled: Untimed = { type: "settled" }
const kinds = (...events: ReadonlyArray<Untimed>) =>
  check(history(...events, settled)).anomalies.map(({ kind }) => kind)

describe("what a client is due", () => {
  it("not what stood there before it came", () => {
    expect(kinds(...published(1, 1), subscribed(1, "new"), ...published(2, 2), delivered(2, 2))).toEqual([])
  })

  it("what stands behind the position that it was told, whenever it was published", () => {
    expect(kinds(...published(1, 1), subscribed(0, "new"))).toEqual(["lost"])
  })

  it("what was published before its first position was told may be on either side of it", () => {
    const [invoked, acknowledged] = published(1, 1)
    expect(kinds(invoked!, subscribed(1, "new"), acknowledged!)).toEqual([])
    expect(kinds(invoked!, subscribed(0, "new"), acknowledged!)).toEqual(["lost"])
  })

  it("what was published after it came, even where its position says otherwise", () => {
    expect(kinds(subscribed(5, "new"), ...published(1, 1))).toEqual(["lost"])
  })

  it("not what it was told to be gone: that is told once, and the rest is due", () => {
    const missed = [subscribed(0, "new"), ...published(1, 1), ...published(2, 2)]
    expect(kinds(...missed, subscribed(1, "unrecovered"), delivered(2, 2))).toEqual(["unrecovered"])
    expect(kinds(...missed, subscribed(1, "unrecovered"))).toEqual(["lost", "unrecovered"])
  })

  it("nothing of a stream that has ended, where it was told so", () => {
    const ended = [subscribed(0, "new"), ...published(1, 1)]
    const told = [subscribed(0, "unrecovered", "f"), ...published(2, 1, "f"), delivered(2, 1)]
    expect(kinds(...ended, ...told)).toEqual(["unrecovered", "epoch"])
  })

  it("where a recovery skips something, that is lost", () => {
    const away = [subscribed(0, "new"), ...published(1, 1), ...published(2, 2)]
    expect(kinds(...away, subscribed(0, "recovered"), delivered(1, 1), delivered(2, 2))).toEqual([])
    expect(kinds(...away, subscribed(0, "recovered"), delivered(2, 2))).toEqual(["lost"])
  })

  it("what nobody acknowledged may be missing only where nothing stands", () => {
    const open: Untimed = { type: "invoke", op: 1, by: "p", node: "n", channel, payload: "p1" }
    const failed: Untimed = { type: "unknown", op: 1, error: "timeout" }
    expect(kinds(subscribed(0, "new"), open, failed)).toEqual([])
    expect(kinds(subscribed(0, "new"), open, failed, ...published(2, 2), delivered(2, 2))).toEqual(["gap"])
  })
})

describe("attempts with one key", () => {
  const attempt = (op: number): Untimed => ({
    type: "invoke",
    op,
    by: "p",
    node: "n",
    channel,
    payload: "p1",
    key: "k"
  })

  it("are one publication: refused once and published later, it may come, but not twice", () => {
    const twice = [
      subscribed(0, "new"),
      attempt(1),
      { type: "fail", op: 1, error: "refused" } as Untimed,
      attempt(2),
      { type: "ok", op: 2, position: { offset: 1, epoch } } as Untimed,
      delivered(1, 1)
    ]
    expect(kinds(...twice)).toEqual([])
    expect(kinds(...twice, delivered(1, 2))).toEqual(["duplicate", "doubled"])
  })

  it("are told one position", () => {
    const told = [1, 2].flatMap(
      (op): ReadonlyArray<Untimed> => [attempt(op), { type: "ok", op, position: { offset: op, epoch } }]
    )
    expect(kinds(...told)).toEqual(["doubled"])
  })
})

describe("a report", () => {
  it("tells each anomaly, the events that show it, the faults and the seed", () => {
    const found = history(
      subscribed(0, "new"),
      { type: "fault", does: "kill node-b" },
      ...published(1, 1),
      ...published(2, 2),
      delivered(2, 2),
      settled
    )
    const text = report(found, check(found))
    expect(text).toMatch(/^1 anomalies\nlost: .*\(1\)\n {2}c in a: p1, acknowledged at 1, never came\n/)
    expect(text).toContain('#3 {"at":3,"type":"ok","op":1')
    expect(text).toContain("seed 7, 0 recoveries, latest run - ms")
    expect(text).toMatch(/faults:\n {2}#1 1970-01-01T00:00:00.001Z kill node-b$/)
  })

  it("shows ten of a kind, and counts the others", () => {
    const many = Array.from({ length: 12 }, (_, n) => published(n, n + 1)).flat()
    const found = history(subscribed(0, "new"), ...many, settled)
    const text = report(found, check(found))
    expect(text).toContain("(12)")
    expect(text.match(/never came/g)).toHaveLength(10)
    expect(text).toContain("  and 2 more")
  })
})

it("a file that is no history is refused, with what is wrong", () => {
  const file = join(temporaryFolder(), "history.json")
  writeFileSync(file, JSON.stringify({ version: 1, seed: 1, events: [{ type: "ok", at: 1, op: 1 }] }))
  expect(() => readHistory(file)).toThrow(/position/)
})
