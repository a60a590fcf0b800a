import { describe, expect, it } from "vitest"
import { publicationsOf } from "../../../src/ui/dashboard/channels/publications.ts"
import { withReceipts, writeTimeSeries } from "../../../src/ui/dashboard/overview/writeTimes.ts"
import {
  channelNames,
  nameHint,
  publishBody,
  refusalsOf
} from "../../../src/ui/dashboard/publish/publication.ts"
import { channelsText, newestFirst, type Receipt } from "../../../src/ui/dashboard/receipts/receipt.ts"
import * as creating from "../../../src/ui/dashboard/schedules/creating.ts"
import {
  runsText,
  type Schedule,
  triggerText,
  versionOf
} from "../../../src/ui/dashboard/schedules/schedule.ts"
import { problemOf, saidOf, succeeded } from "../../../src/ui/dashboard/session/Answer.ts"

describe("what the server says is wrong", () => {
  it("is read in each form in which its APIs say it", () => {
    expect(saidOf('{"error":"tooMany","message":"wait","hasPassword":true}')).toBe("wait")
    expect(saidOf('{"error":{"code":107,"message":"bad request"}}')).toBe("bad request")
    expect(
      saidOf(
        '{"error":{"code":"invalid","message":"2 problems","problems":[{"where":"cron","message":"is never due"},{"where":"","message":"more"}]}}'
      )
    ).toBe("2 problems\ncron: is never due\nmore")
  })

  it("is a sentence of our own where there is none, or no JSON", () => {
    expect(problemOf(413, "too large")).toContain("limits.requestSize")
    expect(problemOf(403, "")).toContain("another page")
    expect(problemOf(418, "null")).toBe("The server answered with status 418.")
    expect(problemOf(500, "[1]")).toBe("The server answered with status 500.")
  })
})

describe("a success", () => {
  it("is read, and its text is there as it came", () => {
    const text = '{"n": 12345678901234567890}'
    expect(succeeded(200, text)).toEqual({ isOk: true, status: 200, text, value: JSON.parse(text) })
    expect(succeeded(204, "")).toMatchObject({ isOk: true, value: undefined })
  })

  it.each(["<html>log in to the network</html>", "", '"text"', "null"])(
    "is none where it is no answer of the server's: %s",
    (text) => {
      expect(succeeded(200, text)).toMatchObject({
        isOk: false,
        problem: expect.stringContaining("not this server")
      })
    }
  )
})

describe("publishing", () => {
  it("takes channels with commas or lines between them, each once", () => {
    expect(channelNames(" a, b c ,\n a,,d ")).toEqual(["a", "b c", "d"])
    expect(channelNames(" , ")).toEqual([])
  })

  it("sends the payload byte for byte", () => {
    expect(publishBody(["news"], '{"n": 12345678901234567890}')).toBe(
      '{"channel":"news","data":{"n": 12345678901234567890},"receipt":true}'
    )
    expect(publishBody(['a"', "b"], "1")).toBe('{"channels":["a\\"","b"],"data":1,"receipt":true}')
  })

  it("says of names that are too long how long they may be", () => {
    expect(nameHint(["a".repeat(255), "é".repeat(127)])).toBe("")
    expect(nameHint(["short", "é".repeat(128)])).toMatch(/^\né{20}… has 256 bytes; .* 255 at most/)
  })

  it("says which channels refused it", () => {
    expect(
      refusalsOf(["a", "b"], [{ result: {} }, { error: { code: 102, message: "unknown channel" } }])
    ).toEqual(["b: unknown channel (error 102)"])
  })
})

describe("history", () => {
  it("has payloads as they were published", () => {
    const text =
      '{"result":{"publications":[{"offset":2,"data":{"n": 12345678901234567890},"tags":{"a":"b"}},' +
      '{"offset":1,"b64data":"AAE=","info":{"user":"ada","client":"c"}}],"epoch":"x","offset":2}}'
    expect(publicationsOf(text)).toEqual([
      { offset: 2, data: '{"n": 12345678901234567890}', isBase64: false, user: undefined, tags: '{"a":"b"}' },
      { offset: 1, data: "AAE=", isBase64: true, user: "ada", tags: undefined }
    ])
    expect(publicationsOf('{"result":{"epoch":"x","offset":0}}')).toEqual([])
  })
})

const receipt = (id: string, more: Partial<Receipt> = {}): Receipt => ({
  id,
  kind: "broadcast",
  channels: ["broadcast"],
  channelCount: 1,
  eligible: 0,
  written: 0,
  dropped: 0,
  closed: 0,
  drops: { slow: 0, mailbox: 0 },
  publishedAt: 0,
  isComplete: true,
  lost: 0,
  acked: 0,
  workers: [],
  ...more
})

describe("receipts", () => {
  it("are each there once, as they came last, the newest first", () => {
    const list = newestFirst([
      receipt("a", { publishedAt: 1 }),
      receipt("b", { publishedAt: 2 }),
      receipt("a", { publishedAt: 1, written: 5 })
    ])
    expect(list.map(({ id, written }) => [id, written])).toEqual([
      ["b", 0],
      ["a", 5]
    ])
  })

  it("say where they went", () => {
    expect(channelsText(["news"], 1)).toBe("news")
    expect(channelsText(["broadcast"], 1)).toBe("everyone (broadcast)")
    expect(channelsText(["a", "b"], 250)).toBe("a and 249 more")
  })

  it("are points of the time to their last write, which move while they grow", () => {
    const first = withReceipts(
      [],
      [
        receipt("a", { publishedAt: 20, timeToLastWriteMs: 3 }),
        receipt("b", { publishedAt: 10, timeToLastWriteMs: 1, kind: "schedule" }),
        receipt("nobody was there", { publishedAt: 5 })
      ]
    )
    expect(first.map(({ at, ms }) => [at, ms])).toEqual([
      [10, 1],
      [20, 3]
    ])
    const grown = withReceipts(first, [receipt("a", { publishedAt: 20, timeToLastWriteMs: 8 })])
    expect(grown.map(({ ms }) => ms)).toEqual([1, 8])
    expect(writeTimeSeries(grown).map(({ values }) => values)).toEqual([
      [null, 8],
      [1, null]
    ])
  })
})

const schedule: Schedule = {
  id: "s",
  revision: 1,
  state: "scheduled",
  about: "",
  every: 600_000,
  runs: 3,
  createdAt: "",
  updatedAt: "",
  channels: ["news"],
  channelCount: 1,
  jitter: 0,
  minConnections: 0,
  catchUp: "once"
}

const typed: creating.Typed = {
  about: "",
  kind: "every",
  at: "",
  every: "10 minutes",
  cron: "0 9 * * *",
  timeZone: " Asia/Tokyo ",
  channels: "a, b",
  data: '{"n": 12345678901234567890}'
}

describe("schedules", () => {
  it("say when they are due", () => {
    expect(triggerText(schedule)).toBe("every 10 min")
    expect(triggerText({ ...schedule, every: 250 })).toBe("every 250 ms")
    const { every: _, ...rest } = schedule
    expect(triggerText({ ...rest, cron: "0 9 * * 1-5", timeZone: "Asia/Tokyo" })).toBe(
      "0 9 * * 1-5 (Asia/Tokyo)"
    )
    expect(triggerText({ ...rest, at: new Date(2026, 2, 9, 4, 3).toISOString() })).toBe(
      "at 2026-03-09 04:03:00"
    )
    expect(runsText({ ...schedule, maxRuns: 5 })).toBe("3 of 5")
  })

  it("are another version when something that is shown has changed", () => {
    expect(versionOf(schedule)).toBe(versionOf({ ...schedule }))
    for (const change of [{ revision: 2 }, { runs: 4 }, { state: "paused" as const }, { due: "x" }])
      expect(versionOf({ ...schedule, ...change })).not.toBe(versionOf(schedule))
  })

  it("are created with one trigger, and the payload byte for byte", () => {
    expect(creating.scheduleBody(typed)).toBe(
      '{"every":"10 minutes","channels":["a","b"],"data":{"n": 12345678901234567890}}'
    )
    expect(JSON.parse(creating.scheduleBody({ ...typed, kind: "cron", about: "x" }))).toMatchObject({
      cron: "0 9 * * *",
      timeZone: "Asia/Tokyo",
      about: "x"
    })
    const local = "2026-03-29T09:00"
    expect(JSON.parse(creating.scheduleBody({ ...typed, kind: "at", at: local })).at).toBe(
      new Date(local).toISOString()
    )
    expect(JSON.parse(creating.previewOf({ ...typed, timeZone: "", kind: "cron" }))).toEqual({
      cron: "0 9 * * *",
      count: 5
    })
  })

  it("are not asked for while something is missing", () => {
    expect(creating.missing(typed)).toBeUndefined()
    expect(creating.missing({ ...typed, every: " " })).toContain("when")
    expect(creating.missing({ ...typed, channels: "," })).toContain("channel")
  })
})
