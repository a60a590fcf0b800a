/** The document says what the server takes and answers, no less and no more. */
import * as Effect from "effect/Effect"
import type * as OpenApi from "effect/http-api/OpenApi"
import * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeBatch, decodeLine, decoders, isUnusable } from "../../../../src/services/api/decode.ts"
import { shapes } from "../../../../src/services/api/methods.ts"
import { openApiDocument } from "../../../../src/services/api/openApi.ts"
import { readJson, shapeOf } from "../../../../src/services/api/readJson.ts"
import {
  BatchRequest,
  LineCommand,
  type MethodName,
  requests
} from "../../../../src/services/api/requests.ts"
import { BatchResponse, responseOf } from "../../../../src/services/api/results.ts"
import { ApiFixture, KEY } from "../../../support/api/ApiFixture.ts"

const METHODS = Object.keys(requests) as ReadonlyArray<MethodName>
const document = openApiDocument()
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    path,
    method,
    operation: operation as OpenApi.OpenAPISpecOperation
  }))
)

/** Whether the document allows this body on this path. */
const allowedBy = (path: string) => {
  const { schema } = document.paths[path]!.post!.requestBody!.content["application/json"]!
  const all = { ...(schema as object), $defs: document.components.schemas }
  const imported = SchemaRepresentation.fromJsonSchemaDocument(JsonSchema.fromSchemaOpenApi3_1(all))
  const decode = Schema.decodeUnknownResult(imported as Schema.Codec<unknown>)
  return (value: unknown) => Result.isSuccess(decode(value))
}

/** What the members of requests may hold, right and wrong. There is no null, which the server takes for absent. */
const value = fc.oneof(
  fc.constantFrom<unknown>("", "a", 0, 1, -1, -2, 1.5, 2 ** 53, 4_294_967_296, true, false, {}, [], [1]),
  fc.constantFrom<unknown>(
    ["a"],
    { value: true },
    { presence: { value: false } },
    { presence: { value: 1 } }
  ),
  fc.constantFrom<unknown>(
    { a: "b" },
    { offset: 1, epoch: "e" },
    { offset: -1 },
    { code: 4000 },
    { code: "x" }
  )
)

/** A right value for each member that a request has to have. */
const NEEDED = { channel: "a", channels: ["a"], user: "42", method: "m", commands: [] }

/** Requests of which some are right: what is needed, with some of the other members, and some of all of them changed. */
const requestLike = (names: ReadonlyArray<string>) =>
  fc
    .tuple(
      fc.subarray(Object.keys(NEEDED)),
      fc.dictionary(fc.constantFrom(...names, "another"), value, { maxKeys: 2 })
    )
    .map(([without, changed]) => {
      const needed = Object.entries(NEEDED).filter(
        ([name]) => !(names.includes(name) && without.includes(name))
      )
      return { ...Object.fromEntries(needed), ...changed }
    })

const membersOf = (name: MethodName) => Object.keys((requests[name] as { fields?: object }).fields ?? {})
const allMembers = [...new Set(METHODS.flatMap(membersOf))]

describe("the document", () => {
  it("has a path for every method, and none that is not answered", async () => {
    const others = operations.filter(({ path }) => !/^\/api\/(schedules|receipts)/.test(path))
    const paths = others.map(({ method, path }) => `${method} ${path}`)
    expect(paths.sort()).toEqual(
      [
        ...METHODS.map((name) => `post /api/${name}`),
        "post /api",
        "post /api/batch",
        "get /api/actors",
        "get /health",
        "get /metrics",
        "get /ready"
      ].sort()
    )
    const api = new ApiFixture()
    for (const { path, method } of others)
      if (method === "post") expect([path, (await api.ask(path, {})).status]).toEqual([path, 200])
  })

  it("says of each what it is for, and which of them want the key", () => {
    const ways = [{ "X-API-Key": [] }, { Authorization: [] }, { api_key: [] }]
    for (const { path, operation } of operations) {
      expect([path, operation.summary]).toEqual([path, expect.stringMatching(/^[A-Z].{10,}/)])
      expect([path, operation.security]).toEqual([path, /^\/(api|metrics)/.test(path) ? ways : []])
      expect([path, Object.keys(operation.responses).includes("401")]).toEqual([
        path,
        /^\/(api|metrics)/.test(path)
      ])
    }
    expect(Object.values(document.components.securitySchemes)).toMatchObject([
      { type: "apiKey", in: "header", name: "X-API-Key" },
      { type: "apiKey", in: "header", name: "Authorization", description: "apikey <key>" },
      { type: "apiKey", in: "query", name: "api_key" }
    ])
  })

  it("refers to nothing that is not in it, and to no other server", () => {
    const text = JSON.stringify(document)
    const referred = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!)
    expect(referred.length).toBeGreaterThan(20)
    expect(referred.filter((name) => !(name in document.components.schemas))).toEqual([])
    expect(document.servers).toEqual([{ url: "/" }])
    expect(text).not.toContain("http")
    expect(text).not.toContain(KEY)
  })

  it("describes every member of every request", () => {
    for (const name of METHODS) {
      const { properties = {} } = document.components.schemas[
        (
          document.paths[`/api/${name}`]!.post!.requestBody!.content["application/json"]!.schema as {
            $ref: string
          }
        ).$ref
          .split("/")
          .at(-1)!
      ] as { properties?: Record<string, object> }
      for (const [member, schema] of Object.entries(properties))
        expect([name, member, JSON.stringify(schema)]).toEqual([
          name,
          member,
          expect.stringMatching(/"description":"./)
        ])
    }
  })
})

describe("a request", () => {
  const taken = (name: MethodName, body: object) =>
    !isUnusable(decoders[name](readJson(JSON.stringify(body), shapes[name])))

  it.each(METHODS)("of %s is taken where the document allows it, and only there", (name) => {
    const isAllowed = allowedBy(`/api/${name}`)
    const seen = { allowed: 0, refused: 0 }
    fc.assert(
      fc.property(requestLike(membersOf(name)), (body) => {
        const expected = isAllowed(body)
        seen[expected ? "allowed" : "refused"]++
        expect([JSON.stringify(body), taken(name, body)]).toEqual([JSON.stringify(body), expected])
      }),
      { numRuns: 1500 }
    )
    if (name === "info") expect(seen.refused).toBe(0)
    else expect(Math.min(seen.allowed, seen.refused)).toBeGreaterThan(50)
  })

  it("in line form likewise", () => {
    const isAllowed = allowedBy("/api")
    const shape = shapeOf(LineCommand)
    fc.assert(
      fc.property(requestLike(["id", "method", "params"]), (body) => {
        const line = decodeLine(readJson(JSON.stringify(body), shape))
        expect([JSON.stringify(body), !isUnusable(line)]).toEqual([JSON.stringify(body), isAllowed(body)])
      }),
      { numRuns: 1500 }
    )
  })

  it("in a batch likewise", () => {
    const isAllowed = allowedBy("/api/batch")
    const shape = shapeOf(BatchRequest)
    const isTaken = (body: object) => {
      const batch = decodeBatch(readJson(JSON.stringify(body), shape))
      return (
        !isUnusable(batch) &&
        batch.commands.every((command) =>
          METHODS.every((name) => command[name] === undefined || !isUnusable(decoders[name](command[name])))
        )
      )
    }
    const command = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.dictionary(fc.constantFrom(...METHODS, "another"), requestLike(allMembers), {
          maxKeys: 1
        })
      },
      { weight: 1, arbitrary: value }
    )
    const batch = fc.record(
      { commands: fc.array(command, { maxLength: 3 }), parallel: value },
      { requiredKeys: [] }
    )
    fc.assert(
      fc.property(batch, (body) => {
        expect([JSON.stringify(body), isTaken(body)]).toEqual([JSON.stringify(body), isAllowed(body)])
      }),
      { numRuns: 3000 }
    )
  })
})

describe("an answer", () => {
  const PAYLOADS = new Set(["data", "conn_info", "chan_info"])
  const parse = (text: unknown) =>
    JSON.parse(String(text), (name, inner) =>
      PAYLOADS.has(name) ? Buffer.from(JSON.stringify(inner)) : inner
    )

  const fixture = () => {
    const api = new ApiFixture({}, { echo: (params) => Effect.succeed(params) })
    const info = { user: "42", client: "c", connInfo: Buffer.from("1"), chanInfo: Buffer.from([255]) }
    api.presence.clients = new Map([
      ["c", info],
      ["d", { user: "", client: "d", connInfo: Buffer.from([255]), chanInfo: Buffer.from("{}") }]
    ])
    const data = Buffer.from("1")
    const publications = [
      { offset: 1, data, info, tags: { a: "b" }, isDelta: false, time: 0 },
      { offset: 2, data: Buffer.from([255]), isDelta: false, time: 0 }
    ]
    api.broker.found = { publications, offset: 2, epoch: "epoch" }
    api.control.channels = new Map([["a", 1]])
    const counts = { numClients: 1, numUsers: 1, numChannels: 1, numSubs: 1, uptime: 1 }
    api.control.nodes = [{ uid: "u", name: "n", version: "v", ...counts }]
    return api
  }
  const everything = {
    channel: "kept:a",
    channels: ["kept:a", "a", ""],
    data: 1,
    user: "42",
    method: "echo",
    params: 1
  }
  const decoder = (schema: Schema.Top) =>
    Schema.decodeUnknownSync(schema as Schema.Codec<unknown>, { onExcessProperty: "error" })

  it.each(METHODS)("to %s is what the document says, and nothing else", async (name) => {
    const decode = decoder(responseOf(name))
    const answer = parse((await fixture().ask(`/api/${name}`, everything)).body)
    expect(answer).toHaveProperty("result")
    expect(decode(answer)).toEqual(answer)
    expect(() => decode({ result: { ...answer.result, another: 1 } })).toThrow("another")
    const refused = await fixture().ask(`/api/${name}`, {})
    expect(() => decode(parse(refused.body))).not.toThrow()
  })

  it("to a batch is what the document says, and nothing else", async () => {
    const decode = decoder(BatchResponse)
    const commands = [...METHODS.map((name) => ({ [name]: everything })), {}]
    const answer = parse((await fixture().ask("/api/batch", { commands })).body)
    expect(answer.replies).toHaveLength(METHODS.length + 1)
    expect(decode(answer)).toEqual(answer)
    expect(() => decode(parse('{"replies":[{"another":{}}]}'))).toThrow()
  })
})
