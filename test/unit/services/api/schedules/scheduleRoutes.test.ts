/** What each request asks of the scheduler, and what it is answered with. */
import { beforeEach, describe, expect, it } from "vitest"
import { isScheduleApi } from "../../../../../src/services/api/schedules/scheduleApi.ts"
import { MAX_RECEIPT_ID } from "../../../../../src/services/receipts/Receipts.ts"
import {
  ScheduleConflict,
  ScheduleInvalid,
  ScheduleUnknown,
  TooManySchedules
} from "../../../../../src/services/schedules/Scheduler.ts"
import { ScheduleBusy } from "../../../../../src/services/schedules/Turns.ts"
import { StoreFailed } from "../../../../../src/services/store/Store.ts"
import {
  BORN,
  receiptOf,
  runOf,
  ScheduleApiFixture,
  scheduleOf
} from "../../../../support/schedules/ScheduleApiFixture.ts"

let api: ScheduleApiFixture

beforeEach(() => {
  api = new ScheduleApiFixture()
})

const bytes = (text: string) => new TextEncoder().encode(text)

const HEAD = {
  id: "s1",
  revision: 1,
  state: "scheduled",
  about: "",
  at: "2030-01-01T00:01:00.000Z",
  due: "2030-01-01T00:01:00.000Z",
  fireAt: "2030-01-01T00:01:00.000Z",
  runs: 0,
  createdAt: "2030-01-01T00:00:00.000Z",
  updatedAt: "2030-01-01T00:00:00.000Z",
  channels: ["news"],
  channelCount: 1,
  jitter: 0,
  minConnections: 0,
  catchUp: "once"
}
const WHOLE = { ...HEAD, data: { text: "hello" } }
const RUN = {
  id: "00000000-0000-4000-8000-000000000001",
  schedule: "s1",
  number: 1,
  isAsked: false,
  due: "2030-01-01T00:00:00.000Z",
  outcome: "sent",
  startedAt: "2030-01-01T00:00:00.001Z",
  endedAt: "2030-01-01T00:00:00.002Z"
}

describe("creating", () => {
  it("answers a new one with 201 and where it is", async () => {
    const answer = await api.ask("POST", "/api/schedules", { delay: 1000, channels: ["news"], data: 1 })
    expect(answer).toMatchObject({
      status: 201,
      headers: { "content-type": "application/json", location: "/api/schedules/s1" },
      json: WHOLE
    })
  })

  it("answers the same again with 200", async () => {
    api.answers = { ...api.answers, create: { schedule: scheduleOf({ id: "ä/b" }), isNew: false } }
    const answer = await api.ask("POST", "/api/schedules", { id: "ä/b", at: 1, channels: ["a"], data: 1 })
    expect([answer.status, answer.headers.location, answer.json.id]).toEqual([200, undefined, "ä/b"])
  })

  it("says where it is as a path can be written", async () => {
    api.answers = { ...api.answers, create: { schedule: scheduleOf({ id: "ä/b?" }), isNew: true } }
    const answer = await api.ask("POST", "/api/schedules", { at: 1, channels: ["a"], data: 1 })
    expect(answer.headers.location).toBe("/api/schedules/%C3%A4%2Fb%3F")
  })

  it("hands on every member, payloads byte for byte", async () => {
    const data = '{"n":123456789012345678901234567890, "2":1,"1":"\\u00e9é"}'
    await api.ask(
      "POST",
      "/api/schedules",
      `{"id":"a","cron":"0 9 * * 1-5","timeZone":"Asia/Tokyo","start":"2030-01-01T00:00:00Z","end":1893456000000,
        "maxRuns":3,"channels":["a","b"],"data":${data},"tags":{"t":"1"},"jitter":"5 seconds","minConnections":2,
        "catchUp":"skip","about":"mornings"}`
    )
    expect(api.calls).toEqual([
      {
        method: "create",
        with: [
          {
            id: "a",
            cron: "0 9 * * 1-5",
            timeZone: "Asia/Tokyo",
            start: "2030-01-01T00:00:00Z",
            end: 1893456000000,
            maxRuns: 3,
            channels: ["a", "b"],
            data: bytes(data),
            tags: { t: "1" },
            jitter: "5 seconds",
            minConnections: 2,
            catchUp: "skip",
            about: "mornings"
          }
        ]
      }
    ])
  })

  it.each([
    ["JSON null", '"data":null', { data: bytes("null") }],
    ["raw newlines", '"data":[1,\r\n2]', { data: bytes("[1,2]") }],
    ["base64", '"b64data":"AP8="', { data: new Uint8Array([0, 255]) }],
    ["a template", '"template":{"run": "{{run}}"}', { template: '{"run": "{{run}}"}' }]
  ])("takes %s as the payload", async (_, member, expected) => {
    await api.ask("POST", "/api/schedules", `{"every":"1 minute","channels":["a"],${member}}`)
    expect(api.calls[0]).toEqual({
      method: "create",
      with: [{ every: "1 minute", channels: ["a"], ...expected }]
    })
  })

  it("takes null for absent, and of members that come twice the last", async () => {
    await api.ask(
      "POST",
      "/api/schedules",
      '{"at":null,"delay":1,"delay":2,"channels":["a"],"data":1,"about":null}'
    )
    expect(api.calls[0]!.with).toEqual([{ delay: 2, channels: ["a"], data: bytes("1") }])
  })
})

describe("a schedule is shown", () => {
  it.each([
    [
      { kind: "every", every: 5000, start: BORN } as const,
      { every: 5000, start: "2030-01-01T00:00:00.000Z" }
    ],
    [
      { kind: "cron", expression: "* * * * *", timeZone: "UTC", start: BORN, end: BORN + 1 } as const,
      {
        cron: "* * * * *",
        timeZone: "UTC",
        start: "2030-01-01T00:00:00.000Z",
        end: "2030-01-01T00:00:00.001Z"
      }
    ]
  ])("with its times: %j", async (trigger, expected) => {
    api.answers = { ...api.answers, get: scheduleOf({ trigger }) }
    const { at: _, ...others } = WHOLE
    const next = [60, 61, 62, 63, 64].map((second) => new Date(BORN + second * 1000).toISOString())
    expect((await api.ask("GET", "/api/schedules/s1")).json).toEqual({ ...others, ...expected, next })
  })

  it("with all that it may have", async () => {
    const more = { tags: { a: "b" }, maxRuns: 3, failure: "no channel", about: "x" }
    api.answers = { ...api.answers, get: scheduleOf({ ...more, due: undefined, fireAt: undefined }) }
    const { due: _, fireAt: __, ...others } = WHOLE
    expect((await api.ask("GET", "/api/schedules/s1")).json).toEqual({ ...others, ...more, next: [] })
  })

  it.each([
    [{ kind: "data", data: Buffer.from('{"n": 1.0}') } as const, '"data":{"n": 1.0}'],
    [{ kind: "data", data: Buffer.from([255, 0]) } as const, '"b64data":"/wA="'],
    [{ kind: "template", text: '{"n": "{{run}}"}' } as const, '"template":{"n": "{{run}}"}']
  ])("with its payload as it came: %j", async (payload, expected) => {
    api.answers = { ...api.answers, get: scheduleOf({ payload }) }
    expect((await api.ask("GET", "/api/schedules/s1")).text).toContain(`,${expected}}`)
  })

  it("to HEAD, too", async () => {
    const [get, head] = [
      await api.ask("GET", "/api/schedules/s1"),
      await api.ask("HEAD", "/api/schedules/s1")
    ]
    expect(head).toEqual(get)
  })

  it("under an id that is percent-encoded", async () => {
    await api.ask("GET", "/api/schedules/%C3%A4%2Fb")
    expect(api.calls).toEqual([{ method: "get", with: ["ä/b"] }])
  })
})

describe("lists", () => {
  it("tell the first 100 channels of a schedule, and how many there are; the schedule itself tells all", async () => {
    const channels = Array.from({ length: 10_000 }, (_, at) => `c${at}`)
    const many = scheduleOf({ channels })
    api.answers = { ...api.answers, list: { items: [many] }, get: many }
    const [one] = (await api.ask("GET", "/api/schedules")).json.schedules
    expect([one.channels, one.channelCount]).toEqual([channels.slice(0, 100), 10_000])
    const { json } = await api.ask("GET", "/api/schedules/s1")
    expect([json.channels, json.channelCount]).toEqual([channels, 10_000])
  })

  it("of schedules leave payloads out", async () => {
    expect((await api.ask("GET", "/api/schedules")).json).toEqual({ schedules: [HEAD] })
    expect(api.calls).toEqual([{ method: "list", with: [{ limit: 100 }] }])
  })

  it("are filtered", async () => {
    await api.ask("GET", "/api/schedules?state=paused&channel=a%3Ab&limit=1000&api_key=k")
    await api.ask("GET", "/api/receipts?kind=broadcast&schedule=s1&limit=1")
    expect(api.calls.map((call) => call.with)).toEqual([
      [{ state: "paused", channel: "a:b", limit: 1000 }],
      [{ kind: "broadcast", schedule: "s1", limit: 1 }]
    ])
  })

  it.each([
    ["/api/schedules", "list", []],
    ["/api/schedules/s1/runs", "runs", ["s1"]],
    ["/api/receipts", "receipts", []]
  ] as const)(
    "%s goes on with the cursor that it gave, which no other list takes",
    async (path, method, first) => {
      api.answers = { ...api.answers, [method]: { items: [], cursor: "inner /?é" } }
      const { cursor } = (await api.ask("GET", `${path}?limit=7`)).json
      await api.ask("GET", `${path}?limit=7&cursor=${cursor}`)
      expect(api.calls.at(-1)).toEqual({ method, with: [...first, { limit: 7, cursor: "inner /?é" }] })
      for (const other of ["/api/schedules", "/api/schedules/s2/runs", "/api/receipts"])
        if (other !== path)
          expect(await api.problemsOf("GET", `${other}?cursor=${cursor}`)).toEqual([
            "cursor: expected one that this list gave"
          ])
    }
  )

  it("of runs have their receipts", async () => {
    const { schedule: _, ...left } = receiptOf()
    const receipt = receiptOf({ schedule: undefined, firstWriteAt: null })
    const without = { ...runOf({ outcome: "gated", detail: "nobody", endedAt: undefined }), receipt: null }
    api.answers = { ...api.answers, runs: { items: [{ ...runOf(), receipt }, without] } }
    const { firstWriteAt: __, ...written } = left
    const { endedAt: ___, ...open } = RUN
    expect((await api.ask("GET", "/api/schedules/s1/runs")).json).toEqual({
      runs: [
        { ...RUN, receipt: written },
        { ...open, outcome: "gated", detail: "nobody" }
      ]
    })
  })

  it("name every problem of a query", async () => {
    expect(
      await api.problemsOf("GET", "/api/schedules?stat=due&state=over&limit=0&cursor=x&limit=3")
    ).toEqual([
      "stat: unknown parameter; did you mean state?",
      "limit: expected once",
      'state: expected "scheduled" | "sending" | "paused" | "completed" | "failed" | "cancelled"',
      "limit: expected a number from 1 to 1000",
      "cursor: expected one that this list gave"
    ])
    for (const limit of ["1001", "-1", "1.5", "", "x", "9".repeat(400)])
      expect(await api.problemsOf("GET", `/api/receipts?limit=${limit}`)).toEqual([
        "limit: expected a number from 1 to 1000"
      ])
    expect(await api.problemsOf("GET", "/api/schedules/s1/runs?kind=x")).toHaveLength(1)
    expect(api.calls).toEqual([])
  })
})

describe("a receipt", () => {
  it("is found by its id, or is not there", async () => {
    expect((await api.ask("GET", "/api/receipts/r1")).json).toEqual(receiptOf())
    expect(api.calls).toEqual([{ method: "receipt", with: ["r1"] }])
    const longest = "r".repeat(MAX_RECEIPT_ID)
    expect((await api.ask("GET", `/api/receipts/${longest}`)).status).toBe(200)
    expect(api.calls.at(-1)).toEqual({ method: "receipt", with: [longest] })
    api.answers = { ...api.answers, receipt: undefined }
    expect(await api.ask("GET", "/api/receipts/r1")).toMatchObject({
      status: 404,
      json: { error: { code: "not_found", message: "there is no receipt r1" } }
    })
  })
})

describe("changing", () => {
  it("hands on what is given, and what is taken away by null", async () => {
    expect(
      await api.ask(
        "PATCH",
        "/api/schedules/s1",
        '{"revision":1,"maxRuns":null,"b64data":"AA==","end":null,"tags":null,"cron":null}'
      )
    ).toMatchObject({ status: 200, json: { ...WHOLE, revision: 2 } })
    expect(api.calls).toEqual([
      {
        method: "update",
        with: ["s1", { revision: 1, maxRuns: null, end: null, tags: null, data: new Uint8Array([0]) }]
      }
    ])
  })

  it.each([
    ["POST", "/api/schedules/s1/pause", "pause", { state: "paused" }],
    ["POST", "/api/schedules/s1/resume", "resume", { state: "scheduled" }],
    ["DELETE", "/api/schedules/s1", "cancel", { state: "cancelled" }],
    ["POST", "/api/schedules/s1/run", "runNow", RUN]
  ])("%s %s is %s", async (method, path, called, expected) => {
    for (const body of ["", "{}"])
      expect(await api.ask(method, path, body)).toMatchObject({ status: 200, json: expected })
    expect(api.calls).toEqual([
      { method: called, with: ["s1"] },
      { method: called, with: ["s1"] }
    ])
    expect(await api.problemsOf(method, path, { revision: 1 })).toEqual(["revision: unknown member"])
    expect(await api.problemsOf(method, path, "1")).toEqual(["body: it is not a JSON object"])
    expect(api.calls).toHaveLength(2)
  })
})

describe("a preview", () => {
  it("tells due times, ten where it is not said how many", async () => {
    const when = { cron: "* * * * *", timeZone: "UTC", start: 1, end: 2, maxRuns: 3 }
    expect((await api.ask("POST", "/api/schedules/preview", when)).json).toEqual({
      next: ["2030-01-01T00:00:00.000Z", "2030-01-01T00:00:01.000Z"]
    })
    expect(api.calls.at(-1)).toEqual({ method: "preview", with: [when, 10] })
    await api.ask("POST", "/api/schedules/preview", { delay: 1, count: 1000 })
    expect(api.calls.at(-1)).toEqual({ method: "preview", with: [{ delay: 1 }, 1000] })
  })

  it("takes a whole schedule, and says what is wrong with all of it", async () => {
    const whole = { delay: 1, channels: ["a"], data: 1, jitter: "1 second", about: "x" }
    expect((await api.ask("POST", "/api/schedules/preview", whole)).status).toBe(200)
    api.problems = [{ where: "channels[0]", message: "unknown namespace" }]
    expect(await api.problemsOf("POST", "/api/schedules/preview", whole)).toEqual([
      "channels[0]: unknown namespace"
    ])
    api.problems = []
    expect(await api.problemsOf("POST", "/api/schedules/preview", { count: 1001, every: true })).toEqual([
      'every: expected a duration: text such as "10 minutes", or milliseconds, found true',
      "count: expected a value between 1 and 1000, found 1001"
    ])
  })
})

describe("what does not work", () => {
  const requests = [
    ["POST", "/api/schedules", { delay: 1, channels: ["a"], data: 1 }],
    ["GET", "/api/schedules", ""],
    ["GET", "/api/schedules/s1", ""],
    ["PATCH", "/api/schedules/s1", { about: "x" }],
    ["DELETE", "/api/schedules/s1", ""],
    ["POST", "/api/schedules/s1/pause", ""],
    ["POST", "/api/schedules/s1/resume", ""],
    ["POST", "/api/schedules/s1/run", ""],
    ["GET", "/api/schedules/s1/runs", ""],
    ["POST", "/api/schedules/preview", { delay: 1 }],
    ["GET", "/api/receipts", ""],
    ["GET", "/api/receipts/r1", ""]
  ] as const

  it.each([
    [
      new ScheduleUnknown({ id: "s1" }),
      404,
      { error: { code: "not_found", message: "there is no schedule s1" } }
    ],
    [
      new ScheduleConflict({ schedule: scheduleOf({ revision: 3 }), detail: "it has revision 3" }),
      409,
      { error: { code: "conflict", message: "it has revision 3" }, schedule: { ...WHOLE, revision: 3 } }
    ],
    [
      new TooManySchedules({ max: 5 }),
      507,
      { error: { code: "too_many", message: "there are 5 schedules already, which is schedules.max" } }
    ],
    [
      new StoreFailed({ reason: "full", detail: "no space left on device" }),
      503,
      { error: { code: "unavailable", message: "the store cannot be used: no space left on device" } }
    ],
    [
      new ScheduleBusy({ id: "s1", detail: "the service ends" }),
      503,
      { error: { code: "unavailable", message: "schedule s1 cannot be changed now: the service ends" } }
    ],
    [
      new ScheduleInvalid({ problems: [{ where: "cron", message: "it is never due" }] }),
      400,
      {
        error: {
          code: "invalid",
          message: "the request has a problem",
          problems: [{ where: "cron", message: "it is never due" }]
        }
      }
    ]
  ])("%s is a %i of every request", async (failure, status, json) => {
    api.failure = failure
    for (const [method, path, body] of requests)
      expect([method, path, await api.ask(method, path, body)]).toEqual([
        method,
        path,
        { status, headers: { "content-type": "application/json" }, text: expect.anything(), json }
      ])
    expect(api.calls.filter(({ method }) => method !== "check")).toHaveLength(requests.length)
  })

  it.each([
    ["PUT", "/api/schedules", "GET, HEAD, POST"],
    ["DELETE", "/api/schedules", "GET, HEAD, POST"],
    ["POST", "/api/schedules/s1", "GET, HEAD, PATCH, DELETE"],
    ["PUT", "/api/schedules/preview", "POST, GET, HEAD, PATCH, DELETE"],
    ["GET", "/api/schedules/s1/pause", "POST"],
    ["HEAD", "/api/schedules/s1/run", "POST"],
    ["POST", "/api/schedules/s1/runs", "GET, HEAD"],
    ["POST", "/api/receipts", "GET, HEAD"],
    ["DELETE", "/api/receipts/r1", "GET, HEAD"],
    ["constructor", "/api/receipts/r1", "GET, HEAD"]
  ])("%s %s is told what the path takes", async (method, path, allow) => {
    expect(await api.ask(method, path)).toMatchObject({
      status: 405,
      headers: { allow },
      json: { error: { code: "method_not_allowed", message: `this path takes ${allow}` } }
    })
    expect(api.calls).toEqual([])
  })

  it.each([
    "/api/schedules/",
    "/api/schedules//pause",
    "/api/schedules/s1/",
    "/api/schedules/s1/stop",
    "/api/schedules/s1/pause/now",
    "/api/schedules/%E0%A4%A",
    "/api/receipts/",
    "/api/receipts/r1/x",
    `/api/schedules/${"x".repeat(256)}`
  ])("%s is not there", async (path) => {
    expect(await api.ask("GET", path)).toMatchObject({ status: 404, json: { error: { code: "not_found" } } })
    expect(api.calls).toEqual([])
  })

  it("leaves other paths to others", () => {
    const paths = [
      "/api/schedules",
      "/api/receipts/x",
      "/api/schedulesx",
      "/api/receipt",
      "/schedules",
      "/api"
    ]
    expect(paths.filter(isScheduleApi)).toEqual(["/api/schedules", "/api/receipts/x"])
  })
})
