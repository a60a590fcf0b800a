import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { makeChannels } from "../../../../src/services/channels/Channels.ts"
import { PROBLEMS_LISTED } from "../../../../src/services/schedules/Problems.ts"
import type { Schedule, Trigger } from "../../../../src/services/schedules/Schedule.ts"
import type {
  Problem,
  ScheduleChange,
  ScheduleRequest
} from "../../../../src/services/schedules/Scheduler.ts"
import {
  ABOUT_LENGTH,
  checkRequest,
  isSameSpec,
  MAX_JITTER,
  type RequestRules,
  readChange,
  readPreview,
  readRequest,
  TAGS_SIZE
} from "../../../../src/services/schedules/scheduleRequest.ts"
import { configWith } from "../../../support/configurations.ts"

const config = configWith({
  channels: {
    namespaces: [
      { name: "json", publicationDataFormat: "json" },
      { name: "object", publicationDataFormat: "json_object" },
      { name: "binary", publicationDataFormat: "binary" }
    ],
    maxLength: 20
  },
  schedules: { channels: 5, dataSize: 100 }
})
const now = Date.UTC(2026, 0, 1)
const rules: RequestRules = { now, config: config.schedules, optionsOf: makeChannels(config).optionsOf }

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const minimal = { channels: ["news"], data: bytes("1") }

/** Requests come from anywhere, with values of any type. */
type Loose = { readonly [M in keyof ScheduleRequest]?: unknown } & { readonly [name: string]: unknown }
const asRequest = (request: Loose) => request as unknown as ScheduleRequest

const problemsOf = (request: Loose, some: Partial<RequestRules> = {}): ReadonlyArray<Problem> => {
  const read = readRequest(asRequest(request), { ...rules, ...some })
  return Result.isFailure(read) ? read.failure : []
}
const specOf = (request: Loose) => Result.getOrThrow(readRequest(asRequest(request), rules)).spec
const triggerOf = (when: Loose): Trigger => specOf({ ...minimal, ...when }).trigger
/** The problem of a request that has one. */
const problemOf = (some: Loose) => {
  const problems = problemsOf({ ...minimal, delay: 0, ...some })
  expect(problems.length).toBe(1)
  return problems[0]!
}
const problemOfWhen = (when: Loose) => problemOf({ delay: undefined, ...when })

describe("when", () => {
  it("is a time", () => {
    expect(triggerOf({ at: "2026-01-01T02:00:00+01:00" })).toEqual({ kind: "at", at: now + 3_600_000 })
    expect(triggerOf({ at: now - 10_000 })).toEqual({ kind: "at", at: now - 10_000 })
    expect(problemOfWhen({ at: now - 10_001 })).toEqual({
      where: "at",
      message: "is in the past: 2025-12-31T23:59:49.999Z, and it is 2026-01-01T00:00:00.000Z"
    })
  })

  it("is a delay", () => {
    expect(triggerOf({ delay: "10 minutes" })).toEqual({ kind: "at", at: now + 600_000 })
    expect(triggerOf({ delay: 0 })).toEqual({ kind: "at", at: now })
    expect(problemOfWhen({ delay: "90000000 hours" })).toMatchObject({ where: "delay" })
  })

  it("is an interval, the first time after one, or at its start", () => {
    expect(triggerOf({ every: "1 minute" })).toEqual({ kind: "every", every: 60_000, start: now + 60_000 })
    expect(triggerOf({ every: 100, start: 5, end: "2026-01-02T00:00Z" })).toEqual({
      kind: "every",
      every: 100,
      start: 5,
      end: now + 86_400_000
    })
    expect(problemOfWhen({ every: 99 })).toEqual({ where: "every", message: "is less than 100 ms" })
    expect(problemOfWhen({ every: "often" })).toMatchObject({ where: "every" })
  })

  it("is cron, in UTC without a zone", () => {
    const nine = { kind: "cron", expression: "0 9 * * 1-5", timeZone: "UTC", start: now }
    expect(triggerOf({ cron: "0 9 * * 1-5" })).toEqual(nine)
    expect(triggerOf({ cron: "0 9 * * 1-5", timeZone: "Asia/Tokyo", start: 7 })).toEqual({
      ...nine,
      timeZone: "Asia/Tokyo",
      start: 7
    })
  })

  it.each([
    [{ cron: "0 0 30 2 *" }, "cron", /never due/],
    [{ cron: "0 0 1 1 *", start: Date.UTC(3000, 0, 1) }, "cron", /never due/],
    [{ cron: "nine" }, "cron", /./],
    [{ cron: 9 }, "cron", /expected a text/],
    [{ cron: "0 9 * * *", timeZone: "Mars/Base" }, "timeZone", /no time zone/],
    [{ cron: "0 9 * * *", timeZone: 1 }, "timeZone", /expected a text/],
    [{ cron: "0 9 * * *", end: now }, "end", /first time.*2026-01-01T09:00:00.000Z/],
    [{ cron: "0 9 * * *", end: now + 9 * 3_600_000 }, "end", /first time/],
    [{ every: 1000, start: now + 5, end: now + 5 }, "end", /not after start/],
    [{ every: 1000, end: now + 1000 }, "end", /first time/],
    [{ every: 1000, start: 0, end: now }, "end", /first time/],
    [{ every: 1000, start: "2026-01-01T00:00" }, "start", /local time/],
    [{ every: 1000, end: "2026-02-30T00:00Z" }, "end", /no time/],
    [{ every: 1000, timeZone: "UTC" }, "timeZone", /cron only/],
    [{ every: 1000, timeZone: "Mars/Base" }, "timeZone", /cron only/],
    [{ at: now, start: now }, "start", /every and cron only/],
    [{ delay: 1, end: now + 2 }, "end", /every and cron only/],
    [{ at: now, delay: 1 }, "delay", /beside at/],
    [{}, "at", /is missing/]
  ])("%j is a problem of %s", (when, where, message) => {
    const problem = problemOfWhen(when)
    expect(problem.where).toBe(where)
    expect(problem.message).toMatch(message)
  })
})

describe("channels", () => {
  it("are at least one, at most schedules.channels", () => {
    expect(problemOf({ channels: undefined }).where).toBe("channels")
    expect(problemOf({ channels: [] }).where).toBe("channels")
    expect(problemOf({ channels: "news" }).where).toBe("channels")
    expect(specOf({ ...minimal, delay: 0, channels: ["1", "2", "3", "4", "5"] }).channels.length).toBe(5)
    expect(problemOf({ channels: ["1", "2", "3", "4", "5", "none:6"] })).toEqual({
      where: "channels",
      message: "are 6, and schedules.channels is 5"
    })
  })

  it("are each told what is wrong with it", () => {
    const channels = ["ok", "none:x", "", "ok", 5]
    expect(problemsOf({ ...minimal, delay: 0, channels })).toEqual([
      { where: "channels[1]", message: 'is in an unknown namespace: "none:x"' },
      { where: "channels[2]", message: 'is empty or too long: ""' },
      { where: "channels[3]", message: 'is "ok", as channels[0] is' },
      { where: "channels[4]", message: "expected a text" }
    ])
    expect(problemOf({ channels: ["x".repeat(21)] }).message).toMatch(/too long/)
  })

  it("of a million are refused at once, with so many problems as are listed", () => {
    const channels = Array.from({ length: 1_000_000 }, (_, index) => `none:${index}`)
    const problems = problemsOf(
      { ...minimal, delay: 0, channels },
      { config: { ...config.schedules, channels: 10_000 } }
    )
    expect(problems.length).toBe(PROBLEMS_LISTED + 1)
    expect(problems[0]).toEqual({
      where: "channels",
      message: "are 1000000, and schedules.channels is 10000"
    })
    expect(problems.at(-1)).toEqual({ where: "", message: "9901 more problems are not listed" })
  })
})

describe("what is published", () => {
  it("is data, byte for byte", () => {
    const data = bytes('{"big": 12345678901234567890}')
    expect(specOf({ ...minimal, delay: 0, data }).payload).toEqual({ kind: "data", data })
  })

  it("is a template", () => {
    const template = '{"run":"{{run}}"}'
    expect(specOf({ delay: 0, channels: ["json:a"], template }).payload).toEqual({
      kind: "template",
      text: template
    })
  })

  it.each([
    [{ data: undefined }, "data", /one of data and template is needed/],
    [{ template: "1" }, "template", /beside data/],
    [{ data: "text" }, "data", /expected bytes/],
    [{ data: new Uint8Array(101) }, "data", /has 101 bytes, and schedules.dataSize is 100/],
    [{ data: new Uint8Array() }, "data", /"news" takes/],
    [{ channels: ["news", "json:a"], data: bytes("no") }, "data", /"json:a" takes JSON only/],
    [
      { channels: ["object:a", "binary:b"], data: bytes("[1]") },
      "data",
      /"object:a" takes JSON objects only/
    ],
    [{ data: undefined, template: '"{{x}}"' }, "template", /is no placeholder/],
    [{ data: undefined, template: 1 }, "template", /expected a text/],
    [{ data: undefined, template: "{" }, "template", /is not JSON/],
    [{ data: undefined, template: `"${"x".repeat(99)}"` }, "template", /has 101 bytes/],
    [{ data: undefined, template: `"${"{{id}}".repeat(3)}"` }, "template", /has 110 bytes/],
    [{ data: undefined, channels: ["object:a"], template: '"{{run}}"' }, "template", /JSON objects only/]
  ])("%j is a problem of %s", (some, where, message) => {
    const problem = problemOf(some)
    expect(problem.where).toBe(where)
    expect(problem.message).toMatch(message)
  })
})

describe("the other members", () => {
  it("have values of their own accord", () => {
    expect(specOf({ ...minimal, delay: 0 })).toEqual({
      trigger: { kind: "at", at: now },
      channels: ["news"],
      payload: { kind: "data", data: minimal.data },
      jitter: 0,
      minConnections: 0,
      catchUp: "once",
      about: ""
    })
  })

  it("are taken as they are", () => {
    const given = { maxRuns: 3, minConnections: 5, catchUp: "all", about: "why", tags: { a: "b" } }
    expect(specOf({ ...minimal, every: "1 minute", jitter: "59 s", ...given })).toMatchObject({
      ...given,
      jitter: 59_000
    })
    const id = "a-Z_0.9:x"
    expect(Result.getOrThrow(readRequest(asRequest({ ...minimal, delay: 0, id }), rules)).id).toBe(id)
  })

  it.each([
    [{ maxRuns: 0 }, "maxRuns"],
    [{ maxRuns: 1.5 }, "maxRuns"],
    [{ maxRuns: "1" }, "maxRuns"],
    [{ minConnections: -1 }, "minConnections"],
    [{ jitter: -1 }, "jitter"],
    [{ jitter: MAX_JITTER + 1 }, "jitter"],
    [{ delay: undefined, every: 1000, jitter: 1000 }, "jitter"],
    [{ catchUp: "never" }, "catchUp"],
    [{ about: "a".repeat(ABOUT_LENGTH + 1) }, "about"],
    [{ about: 1 }, "about"],
    [{ tags: { a: 1 } }, "tags.a"],
    [{ tags: ["a"] }, "tags"],
    [{ tags: null }, "tags"],
    [{ tags: { a: "b".repeat(TAGS_SIZE) } }, "tags"],
    [{ id: "" }, "id"],
    [{ id: "a b" }, "id"],
    [{ id: "é" }, "id"],
    [{ id: "a".repeat(129) }, "id"],
    [{ id: 1 }, "id"]
  ])("%j is a problem of %s", (some, where) => {
    expect(problemOf(some).where).toBe(where)
  })

  it("that do not exist are told, with the nearest one", () => {
    expect(problemOf({ timezone: "UTC" })).toEqual({
      where: "timezone",
      message: "is no member of a schedule; is it timeZone?"
    })
    expect(problemOf({ ["x".repeat(100_000)]: 1 }).where.length).toBe(32)
  })
})

describe("a request of which everything is wrong", () => {
  const wrong: Loose = {
    at: "2026-02-30T00:00:00Z",
    every: "5 ms",
    cron: "0 0 30 2 *",
    timeZone: "Mars/Base",
    start: "2026-01-01T00:00:00",
    end: -1,
    channels: ["none:x"],
    data: new Uint8Array(101),
    template: "{",
    maxRuns: 0,
    jitter: "long",
    minConnections: 0.5,
    catchUp: "",
    tags: 1,
    about: 2,
    id: "/",
    more: 1
  }

  it("lists a problem of each member", () => {
    const places = new Set(problemsOf(wrong).map(({ where }) => where.replace(/\[.*/, "")))
    expect([...places].sort()).toEqual(Object.keys(wrong).sort())
  })

  it("lists the same when only what is there is checked, and nothing of what is missing", () => {
    const check = (request: Loose) => checkRequest(request as ScheduleChange, rules)
    expect(check(wrong)).toEqual(problemsOf(wrong))
    expect(check({})).toEqual([])
    expect(check({ timeZone: "Asia/Tokyo", start: now, maxRuns: null, revision: 1 })).toEqual([])
    expect(check({ template: '"{{run}}"', every: 5 })).toEqual([
      { where: "every", message: "is less than 100 ms" }
    ])
  })
})

describe("a preview", () => {
  it("needs nothing but when", () => {
    expect(readPreview({ delay: 5, maxRuns: 2 }, rules)).toEqual(Result.succeed({ kind: "at", at: now + 5 }))
    const wrong = readPreview({ maxRuns: 0 }, rules)
    expect(Result.isFailure(wrong) && wrong.failure.map(({ where }) => where)).toEqual(["maxRuns", "at"])
  })
})

const scheduleOf = (request: Loose, some: Partial<Schedule> = {}): Schedule => ({
  ...specOf({ ...minimal, ...request }),
  id: "a",
  revision: 1,
  state: "scheduled",
  createdAt: now,
  updatedAt: now,
  runs: 0,
  records: 0,
  ...some
})

describe("a change", () => {
  const later = { ...rules, now: now + 3_600_000 }
  const changed = (schedule: Schedule, change: ScheduleChange) =>
    Result.getOrThrow(readChange(schedule, change, later))
  const tokyo = scheduleOf({ cron: "0 9 * * *", timeZone: "Asia/Tokyo", maxRuns: 5, tags: { a: "b" } })

  it("of nothing changes nothing", () => {
    expect(isSameSpec(changed(tokyo, {}), tokyo)).toBe(true)
    const over = scheduleOf({ at: now })
    expect(isSameSpec(changed(over, { revision: 1 }), over)).toBe(true)
  })

  it("keeps what it does not name", () => {
    expect(changed(tokyo, { cron: "0 10 * * *" }).trigger).toEqual({
      ...tokyo.trigger,
      expression: "0 10 * * *"
    })
    expect(changed(tokyo, { timeZone: "UTC" }).trigger).toEqual({ ...tokyo.trigger, timeZone: "UTC" })
    const end = now + 999 * 86_400_000
    expect(changed(tokyo, { end }).trigger).toEqual({ ...tokyo.trigger, end })
    const minutely = scheduleOf({ every: "1 minute" })
    expect(changed(minutely, { every: "2 minutes" }).trigger).toEqual({ ...minutely.trigger, every: 120_000 })
    expect(changed(tokyo, { about: "new", channels: ["b"] })).toMatchObject({
      about: "new",
      channels: ["b"],
      maxRuns: 5,
      tags: { a: "b" },
      trigger: tokyo.trigger,
      payload: tokyo.payload
    })
  })

  it("takes another kind of trigger, and nothing of the old one then", () => {
    expect(changed(tokyo, { every: 1000 }).trigger).toEqual({
      kind: "every",
      every: 1000,
      start: later.now + 1000
    })
    expect(changed(tokyo, { delay: 7 }).trigger).toEqual({ kind: "at", at: later.now + 7 })
  })

  it("replaces data by a template, and the other way round", () => {
    const filled = { ...tokyo, ...changed(tokyo, { template: "1" }) }
    expect(filled.payload).toEqual({ kind: "template", text: "1" })
    expect(changed(filled, { data: bytes("2") }).payload).toEqual({ kind: "data", data: bytes("2") })
  })

  it("takes away what is optional, where it is null", () => {
    const end = now + 999 * 86_400_000
    const manner = { jitter: 5, minConnections: 2, catchUp: "all", about: "why" }
    const full = scheduleOf({
      maxRuns: 5,
      tags: { a: "b" },
      cron: "0 9 * * *",
      timeZone: "Asia/Tokyo",
      end,
      ...manner
    })
    const nothing = {
      ...{ tags: null, maxRuns: null, jitter: null, minConnections: null, catchUp: null, about: null },
      ...{ end: null, start: null, timeZone: null }
    }
    expect(changed(full, nothing)).toEqual(
      Result.getOrThrow(readRequest({ ...minimal, cron: "0 9 * * *" }, later)).spec
    )
    expect(changed(full, { end: null }).trigger).toEqual({ ...full.trigger, end: undefined })
    for (const [member, value] of Object.entries(nothing))
      expect(isSameSpec(changed(full, { [member]: value }), full)).toBe(false)
    expect(checkRequest(nothing, rules)).toEqual([])
  })

  it("takes nothing away from what has it not", () => {
    const passed = scheduleOf({ at: now })
    const nothing = { end: null, start: null, timeZone: null, tags: null, maxRuns: null, about: null }
    expect(isSameSpec(changed(passed, nothing), passed)).toBe(true)
    expect(isSameSpec(changed(passed, { at: now }), passed)).toBe(true)
  })

  const refusals: ReadonlyArray<readonly [ScheduleChange, string]> = [
    [{ maxRuns: 2 }, "maxRuns"],
    [{ end: now }, "end"],
    [{ at: now }, "at"],
    [{ cron: "0 9 * * *", every: 1000 }, "cron"],
    [{ channels: ["object:a"] }, "data"],
    [{ template: "1", data: bytes("1") }, "template"],
    [{ id: "b" } as ScheduleChange, "id"]
  ]
  it.each(refusals)("%j is refused for %s", (change, where) => {
    const read = readChange({ ...tokyo, runs: 2 }, change, later)
    expect(Result.isFailure(read) && read.failure.map((problem) => problem.where)).toContain(where)
  })

  it("of a time that has passed leaves it, where it does not name it", () => {
    const passed = scheduleOf({ at: now })
    expect(changed(passed, { about: "late" }).trigger).toEqual(passed.trigger)
  })
})

describe("the same schedule", () => {
  const requests: ReadonlyArray<Loose> = [
    { delay: "1 minute" },
    { every: "1 minute", tags: { a: "b", c: "d" } },
    { cron: "0 9 * * *", end: now + 86_400_000, maxRuns: 3 }
  ]

  it.each(requests)("comes from the same request, read at the time of its creation: %j", (request) => {
    const schedule = scheduleOf(request)
    expect(isSameSpec(specOf({ ...minimal, ...request, data: Buffer.from("1") }), schedule)).toBe(true)
  })

  it("has each of its members", () => {
    const [one] = [specOf({ ...minimal, every: 1000, tags: { a: "b" } })]
    const others: ReadonlyArray<Loose> = [
      { every: 1001 },
      { start: now + 5 },
      { end: now + 99_999 },
      { channels: ["other"] },
      { data: bytes("2") },
      { data: undefined, template: "1" },
      { tags: undefined },
      { tags: { a: "c" } },
      { maxRuns: 1 },
      { jitter: 1 },
      { minConnections: 1 },
      { catchUp: "all" },
      { about: "x" }
    ]
    for (const other of others)
      expect(isSameSpec(one, specOf({ ...minimal, every: 1000, tags: { a: "b" }, ...other }))).toBe(false)
  })
})
