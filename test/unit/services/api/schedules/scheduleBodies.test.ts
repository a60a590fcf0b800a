/** Bodies that cannot be: every problem is listed, and nothing is asked of the scheduler but what else is wrong. */
import fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import { MAX_PROBLEMS } from "../../../../../src/services/api/schedules/problems.ts"
import { ScheduleApiFixture } from "../../../../support/schedules/ScheduleApiFixture.ts"

let api: ScheduleApiFixture

beforeEach(() => {
  api = new ScheduleApiFixture()
})

const create = (body: unknown) => api.problemsOf("POST", "/api/schedules", body)

const GOOD = { delay: 1, channels: ["a"], data: 1 }

describe("a body", () => {
  it.each([
    ["not JSON", "{", "body: it is not a JSON object"],
    ["an array", "[]", "body: it is not a JSON object"],
    ["a text", '"a"', "body: it is not a JSON object"],
    ["more than one", "{}{}", "body: it is not a JSON object"],
    ["not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "body: it is not UTF-8"]
  ])("that is %s is refused", async (_, body, problem) => {
    expect(await create(body)).toEqual([problem])
    expect(await api.problemsOf("PATCH", "/api/schedules/s1", body)).toEqual([problem])
    expect(await api.problemsOf("POST", "/api/schedules/preview", body)).toEqual([problem])
  })

  it("without anything lacks what a schedule needs; a change of nothing is one", async () => {
    for (const body of ["", "{}"])
      expect(await create(body)).toEqual([
        "channels: missing key",
        "at: one of at, delay, every, cron is needed",
        "data: one of data, b64data, template is needed"
      ])
    expect((await api.ask("PATCH", "/api/schedules/s1", "")).status).toBe(200)
    expect(await api.problemsOf("POST", "/api/schedules/preview", "")).toEqual([
      "at: one of at, delay, every, cron is needed"
    ])
  })

  it.each([
    ["channels", "a", 'channels: expected array, found "a"'],
    ["channels", ["a", 5, null], "channels[1]: expected string, found 5"],
    ["channels", { 0: "a" }, "channels: expected array, found an object"],
    ["tags", { t: 1 }, "tags.t: expected string, found 1"],
    ["tags", [], "tags: expected object, found an array"],
    ["maxRuns", 1.5, "maxRuns: expected an integer, found 1.5"],
    ["maxRuns", "3", 'maxRuns: expected number, found "3"'],
    ["minConnections", true, "minConnections: expected number, found true"],
    ["catchUp", "never", 'catchUp: expected "skip" | "once" | "all", found "never"'],
    ["about", 1, "about: expected string, found 1"],
    ["id", 1, "id: expected string, found 1"],
    ["timeZone", {}, "timeZone: expected string, found an object"],
    ["start", [], "start: expected a time: ISO 8601 text, or milliseconds, found an array"],
    ["jitter", false, 'jitter: expected a duration: text such as "10 minutes", or milliseconds, found false']
  ])("whose %s is %j is refused", async (member, value, problem) => {
    expect((await create({ ...GOOD, [member]: value }))[0]).toBe(problem)
    expect(api.calls.map(({ method }) => method)).toEqual(["check"])
  })

  it("may have nothing that nobody knows", async () => {
    expect(await create({ ...GOOD, chanels: [], tag: {}, receipt: 1, "": 1 })).toEqual([
      "chanels: unknown member; did you mean channels?",
      "tag: unknown member; did you mean tags?",
      expect.stringMatching(/^receipt: unknown member/),
      expect.stringMatching(/^: unknown member/)
    ])
    expect(
      await create('{"__proto__":{"delay":1},"constructor":1,"delay":1,"channels":["a"],"data":1}')
    ).toEqual([
      expect.stringMatching(/^__proto__: unknown member/),
      expect.stringMatching(/^constructor: unknown member/)
    ])
  })

  it("of a change is told alike, where null is possible, too", async () => {
    const wrong = { end: [], tags: { t: 1 }, jitter: true, catchUp: "never", about: 1, maxRuns: 1.5 }
    expect(await api.problemsOf("PATCH", "/api/schedules/s1", wrong)).toEqual([
      "end: expected a time: ISO 8601 text, or milliseconds, or null, found an array",
      "maxRuns: expected an integer, found 1.5",
      "tags.t: expected string, found 1",
      'jitter: expected a duration: text such as "10 minutes", or milliseconds, or null, found true',
      'catchUp: expected "skip" | "once" | "all", found "never"',
      "about: expected string | null, found 1"
    ])
  })

  it("has one time and one payload", async () => {
    expect(await create({ ...GOOD, cron: "* * * * *", b64data: "AA==", template: {} })).toEqual([
      "cron: there is delay already: one of at, delay, every, cron",
      "b64data: there is data already: one of data, b64data, template"
    ])
    expect(await api.problemsOf("PATCH", "/api/schedules/s1", { at: 1, every: 1 })).toEqual([
      "every: there is at already: one of at, delay, every, cron"
    ])
  })

  it.each(["A", "A===", "====", "A-_=", "AA==\n"])("with %j for base64 is refused", async (b64data) => {
    expect(await create({ delay: 1, channels: ["a"], b64data })).toEqual(["b64data: expected base64"])
  })

  it("lists what is wrong with values beside what is wrong with types", async () => {
    api.problems = [
      { where: "cron", message: "it is never due" },
      { where: "channels", message: "told already" }
    ]
    expect(
      await create({ cron: "0 0 30 2 *", maxRuns: "x", channels: "a", tags: 1, about: "fine", data: 1 })
    ).toEqual([
      'maxRuns: expected number, found "x"',
      'channels: expected array, found "a"',
      "tags: expected object, found 1",
      "cron: it is never due"
    ])
    expect(api.calls).toEqual([
      { method: "check", with: [{ cron: "0 0 30 2 *", about: "fine", data: new Uint8Array([0x31]) }] }
    ])
  })

  it("lists so many problems, and says how many there are more", async () => {
    const problems = await create({ ...GOOD, channels: Array.from({ length: MAX_PROBLEMS + 5 }, () => 1) })
    expect(problems).toHaveLength(MAX_PROBLEMS + 1)
    expect(problems.at(-1)).toBe(": 5 more problems are not listed")
    const { json } = await api.ask("POST", "/api/schedules", { channels: [1] })
    expect(json.error.message).toBe("the request has 3 problems")
  })

  it("is not repeated in its answer at length", async () => {
    const long = "x".repeat(100_000)
    const { text } = await api.ask("POST", "/api/schedules", {
      [long]: 1,
      tags: { [long]: 1 },
      maxRuns: long,
      at: long
    })
    expect(text.length).toBeLessThan(2000)
  })

  it("may be nested deeply", async () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000)
    expect(await create(`{"delay":1,"data":1,"channels":${deep},"tags":${deep},"x":${deep}}`)).toHaveLength(3)
    expect(
      (await api.ask("POST", "/api/schedules", `{"delay":1,"channels":["a"],"data":${deep}}`)).status
    ).toBe(201)
  })
})

describe("whatever the body is", () => {
  const NAMES = [
    "id",
    "at",
    "delay",
    "every",
    "cron",
    "timeZone",
    "start",
    "end",
    "maxRuns",
    "channels",
    "data"
  ]
  const MORE = [
    "b64data",
    "template",
    "tags",
    "jitter",
    "minConnections",
    "catchUp",
    "about",
    "revision",
    "count"
  ]
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(
      "a",
      "10 minutes",
      1,
      0,
      -1,
      Number.MAX_VALUE,
      ["a"],
      { a: "b" },
      "AAAA",
      "once",
      null
    )
  )
  const object = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES, ...MORE), fc.string()), value, {
    maxKeys: 8
  })
  const body = fc.oneof(
    fc
      .tuple(object, fc.boolean())
      .map(([more, isGood]) => JSON.stringify(isGood ? { ...GOOD, ...more } : more)),
    fc.string(),
    fc.json()
  )
  const requests = [
    ["POST", "/api/schedules"],
    ["PATCH", "/api/schedules/s1"],
    ["POST", "/api/schedules/preview"],
    ["POST", "/api/schedules/s1/pause"]
  ] as const

  it("the answer is a schedule, or says what is wrong, and then nothing was done", async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(...requests), async (text, [method, path]) => {
        api.calls.length = 0
        const { status, json } = await api.ask(method, path, text)
        const done = api.calls.filter((call) => call.method !== "check")
        if (status === 400) {
          expect(json.error.problems.length).toBeGreaterThan(0)
          for (const problem of json.error.problems)
            expect(problem).toEqual({ where: expect.any(String), message: expect.stringMatching(/.{5,}/) })
          expect(done).toEqual([])
        } else {
          expect([200, 201]).toContain(status)
          expect(done).toHaveLength(1)
        }
      }),
      { numRuns: 2000 }
    )
  })

  it("bytes that are no text are refused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1 }), async (bytes) => {
        expect([400, 201]).toContain((await api.ask("POST", "/api/schedules", bytes)).status)
      }),
      { numRuns: 300 }
    )
  })

  it("what is taken is handed on as it was", async () => {
    const data = fc.json()
    await fc.assert(
      fc.asyncProperty(
        data,
        fc.array(fc.string()),
        fc.dictionary(fc.string(), fc.string()),
        async (text, channels, tags) => {
          const members = `"channels":${JSON.stringify(channels)},"tags":${JSON.stringify(tags)}`
          await api.ask("POST", "/api/schedules", `{"delay":1,"data":${text},${members}}`)
          const [request] = api.calls.at(-1)!.with as [{ data: Uint8Array; channels: unknown; tags: object }]
          expect([Buffer.from(request.data).toString(), request.channels]).toEqual([text, channels])
          expect(Object.entries(request.tags)).toEqual(Object.entries(tags))
        }
      ),
      { numRuns: 300 }
    )
  })
})
