/** The OpenAPI document says what the routes of schedules and receipts take and answer, no less and no more. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as OpenApi from "effect/http-api/OpenApi"
import * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import { openApiDocument } from "../../../../../src/services/api/openApi.ts"
import { ScheduleGroup } from "../../../../../src/services/api/schedules/endpoints.ts"
import type { Trigger } from "../../../../../src/services/schedules/Schedule.ts"
import {
  ScheduleConflict,
  ScheduleInvalid,
  ScheduleUnknown,
  TooManySchedules
} from "../../../../../src/services/schedules/Scheduler.ts"
import { StoreFailed } from "../../../../../src/services/store/Store.ts"
import {
  BORN,
  receiptOf,
  runOf,
  ScheduleApiFixture,
  scheduleOf
} from "../../../../support/schedules/ScheduleApiFixture.ts"

/** Before members are allowed that nobody knows yet. */
const strict = OpenApi.fromApi(HttpApi.make("strict").add(ScheduleGroup))
const document = openApiDocument()

type Method = "get" | "post" | "patch" | "delete"

const operations = Object.entries(strict.paths).flatMap(([path, item]) =>
  (Object.keys(item) as ReadonlyArray<Method>).map((method) => ({ method, path, operation: item[method]! }))
)

const decoderOf = (schema: object, of: OpenApi.OpenAPISpec) => {
  const all = { ...schema, $defs: of.components.schemas }
  const imported = SchemaRepresentation.fromJsonSchemaDocument(JsonSchema.fromSchemaOpenApi3_1(all))
  return Schema.decodeUnknownResult(imported as Schema.Codec<unknown>, { onExcessProperty: "error" })
}

let api: ScheduleApiFixture

beforeEach(() => {
  api = new ScheduleApiFixture()
})

const GOOD: Readonly<Record<string, object>> = {
  "post /api/schedules": { delay: 1, channels: ["a"], data: 1 },
  "patch /api/schedules/{id}": { about: "x" },
  "post /api/schedules/preview": { delay: 1 }
}

const askFor = (method: Method, path: string) =>
  api.ask(method.toUpperCase(), path.replace("{id}", "s1"), GOOD[`${method} ${path}`] ?? "")

/** Whether an answer is one that the document has under its status. */
const isDocumented = async (method: Method, path: string) => {
  const { status, json } = await askFor(method, path)
  const response = strict.paths[path]![method]!.responses[status]
  if (response === undefined) return `${status} is not documented`
  const decoded = decoderOf(response.content!["application/json"]!.schema, strict)(json)
  return Result.isSuccess(decoded) ? status : decoded.failure.message
}

describe("the document", () => {
  it("has every path and method of the routes, and nothing else", async () => {
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      "delete /api/schedules/{id}",
      "get /api/receipts",
      "get /api/receipts/{id}",
      "get /api/schedules",
      "get /api/schedules/{id}",
      "get /api/schedules/{id}/runs",
      "patch /api/schedules/{id}",
      "post /api/schedules",
      "post /api/schedules/preview",
      "post /api/schedules/{id}/pause",
      "post /api/schedules/{id}/resume",
      "post /api/schedules/{id}/run"
    ])
    for (const path of Object.keys(strict.paths)) {
      const { status, headers } = await api.ask("PUT", path.replace("{id}", "s1"))
      const allowed = headers.allow!.toLowerCase().split(", ")
      // A schedule may have the id "preview".
      const documented = path.endsWith("/preview")
        ? ["post", "get", "head", "patch", "delete"]
        : Object.keys(strict.paths[path]!).flatMap((method) =>
            method === "get" ? ["get", "head"] : [method]
          )
      expect([path, status, allowed.sort()]).toEqual([path, 405, documented.sort()])
    }
    for (const path of Object.keys(strict.paths)) expect(document.paths).toHaveProperty([path])
  })

  it("has one schema for each thing", () => {
    expect(Object.keys(document.components.schemas).filter((name) => /_\d+$/.test(name))).toEqual([])
  })

  it("says that unknown members are refused", () => {
    for (const name of ["ScheduleRequest", "ScheduleChange", "SchedulePreviewRequest"])
      expect(document.components.schemas[name]).toMatchObject({ additionalProperties: false })
  })
})

const TRIGGERS: ReadonlyArray<Trigger> = [
  { kind: "at", at: BORN },
  { kind: "every", every: 5000, start: BORN },
  { kind: "cron", expression: "* * * * *", timeZone: "UTC", start: BORN, end: BORN + 1 }
]

describe("an answer", () => {
  it.each(TRIGGERS)("with a schedule of %j is as documented", async (trigger) => {
    const payload = trigger.kind === "at" ? Buffer.from([255]) : Buffer.from("null")
    const schedule = scheduleOf({
      trigger,
      payload: trigger.kind === "cron" ? { kind: "template", text: "{}" } : { kind: "data", data: payload },
      ...(trigger.kind === "every"
        ? { due: undefined, fireAt: undefined }
        : { tags: {}, maxRuns: 1, failure: "x" })
    })
    const page = { items: [schedule], cursor: "x" }
    const { answers } = api
    api.answers = {
      ...answers,
      create: { schedule, isNew: trigger.kind === "at" },
      get: schedule,
      list: page,
      update: schedule
    }
    for (const { method, path } of operations)
      expect([method, path, await isDocumented(method, path)]).toEqual([
        method,
        path,
        method === "post" && path === "/api/schedules" && trigger.kind === "at" ? 201 : 200
      ])
  })

  it("with receipts and runs is as documented", async () => {
    const part = { eligible: 1, written: 1, dropped: 0, closed: 0, drops: { slow: 0, mailbox: 0 } }
    const never = { firstWriteAt: null, lastWriteAt: null, timeToLastWriteMs: null }
    const whole = receiptOf({
      ...never,
      schedule: undefined,
      workers: [{ worker: "worker-0", ...part, ...never }]
    })
    const open = { ...runOf({ endedAt: undefined, detail: "x", outcome: "interrupted" }), receipt: null }
    api.answers = {
      ...api.answers,
      receipt: whole,
      receipts: { items: [whole, receiptOf()], cursor: "x" },
      runNow: runOf({ number: 0, outcome: "gated" }),
      runs: { items: [{ ...runOf(), receipt: whole }, open], cursor: "x" }
    }
    for (const path of ["/api/receipts", "/api/receipts/{id}", "/api/schedules/{id}/runs"])
      expect([path, await isDocumented("get", path)]).toEqual([path, 200])
    expect(await isDocumented("post", "/api/schedules/{id}/run")).toBe(200)
  })

  it.each([
    [new ScheduleUnknown({ id: "s1" }), 404],
    [new ScheduleConflict({ schedule: scheduleOf(), detail: "x" }), 409],
    [new TooManySchedules({ max: 1 }), 507],
    [new StoreFailed({ reason: "full", detail: "x" }), 503],
    [new ScheduleInvalid({ problems: [{ where: "a", message: "b" }] }), 400]
  ])("of %s is as documented, where it can be", async (failure, status) => {
    api.failure = failure
    const those = operations.filter(({ operation }) => status in operation.responses)
    expect(those.length).toBeGreaterThan(0)
    for (const { method, path } of those)
      expect([method, path, await isDocumented(method, path)]).toEqual([method, path, status])
  })
})

describe("a body", () => {
  const value = fc.constantFrom<unknown>(
    ...["", "a", 0, 1, 1.5, -1, true, [], ["a"], [1], {}, { a: "b" }, { a: 1 }, "once", 1001, "AAAA"]
  )
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
    "template",
    "tags",
    "jitter",
    "minConnections",
    "catchUp",
    "about",
    "revision",
    "count",
    "other"
  ]

  it.each(Object.entries(GOOD))(
    "of %s is taken where the document allows it, and only there",
    async (name, good) => {
      const [method, path] = name.split(" ") as [Method, string]
      const { schema } = document.paths[path]![method]!.requestBody!.content["application/json"]!
      const decode = decoderOf(schema, document)
      const seen = { taken: 0, refused: 0 }
      const changed = fc.dictionary(fc.constantFrom(...NAMES, ...MORE), value, { maxKeys: 2 })
      await fc.assert(
        fc.asyncProperty(changed, async (more) => {
          const body = { ...good, ...more }
          const { status, json } = await api.ask(method.toUpperCase(), path.replace("{id}", "s1"), body)
          // That there is exactly one time, and one payload, the document says in words.
          const told = status === 400 ? json.error.problems : []
          const isTaken = told.every(({ message }: { message: string }) =>
            /^there is \w+ already/.test(message)
          )
          seen[isTaken ? "taken" : "refused"]++
          expect([JSON.stringify(body), isTaken]).toEqual([
            JSON.stringify(body),
            Result.isSuccess(decode(body))
          ])
        }),
        { numRuns: 1500 }
      )
      expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(50)
    }
  )
})
