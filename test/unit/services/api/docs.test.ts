import { gunzipSync } from "node:zlib"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { MAX_PAGES, makeDocs } from "../../../../src/services/api/docs.ts"
import { openApiDocument } from "../../../../src/services/api/openApi.ts"
import type { PlainAnswer, PlainRequest } from "../../../../src/services/Transport.ts"

const request = (path: string, acceptEncoding?: string, method = "GET"): PlainRequest => ({
  method,
  path,
  query: "",
  headers: new Map(acceptEncoding === undefined ? [] : [["accept-encoding", acceptEncoding]]),
  body: Buffer.alloc(0),
  address: ""
})

const header = ({ headers }: PlainAnswer, name: string) => headers.find(([one]) => one === name)?.[1]

const asked = (...of: Parameters<typeof request>) =>
  Effect.flatMap(makeDocs, (docs) => Effect.promise(async () => (await docs(request(...of)))!))

describe("/openapi.json", () => {
  it.effect("is the document", () =>
    Effect.gen(function* () {
      const answer = yield* asked("/openapi.json")
      expect([answer.status, header(answer, "content-type")]).toEqual([200, "application/json"])
      expect(JSON.parse(String(answer.body))).toEqual(JSON.parse(JSON.stringify(openApiDocument())))
    })
  )
})

describe("/docs", () => {
  it.effect("is a page with the document in it, that asks nothing of other hosts", () =>
    Effect.gen(function* () {
      const answer = yield* asked("/docs")
      const page = Buffer.from(answer.body as Uint8Array).toString()
      expect(answer.status).toBe(200)
      expect(header(answer, "content-type")).toBe("text/html; charset=utf-8")
      expect(page).toMatch(/^<!DOCTYPE html>/)
      expect(page).toContain("Publish into a channel")
      expect(page).not.toMatch(/<(script|img|iframe|link)\b[^>]*\b(src|href)=/i)
      expect(page).not.toMatch(/@import|url\(['"]?https?:/i)
      const policy = header(answer, "content-security-policy") ?? ""
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("connect-src 'self'")
      expect(policy).not.toMatch(/https?:|\*/)
    })
  )

  it.effect.each([
    ["gzip", true],
    ["deflate, gzip;q=0.5, br", true],
    ["GZIP", true],
    ["br", false],
    ["gzip;q=0", false],
    ["gzip; q=0.0, br", false],
    ["gzipped", false],
    ["", false]
  ] as const)("for those who accept %j is compressed: %s", ([accepted, isCompressed]) =>
    Effect.gen(function* () {
      const answer = yield* asked("/docs", accepted)
      expect(header(answer, "content-encoding")).toBe(isCompressed ? "gzip" : undefined)
      expect(header(answer, "vary")).toBe("accept-encoding")
      const body = answer.body as Uint8Array
      expect(String(isCompressed ? gunzipSync(body) : Buffer.from(body)).slice(0, 15)).toBe("<!DOCTYPE html>")
    })
  )

  it.effect("is given so many times a second, and no more", () =>
    Effect.gen(function* () {
      const docs = yield* makeDocs
      const ask = (times: number) =>
        Effect.promise(() => Promise.all(Array.from({ length: times }, () => docs(request("/docs", "gzip")))))
      const statuses = (answers: ReadonlyArray<PlainAnswer | undefined>) =>
        answers.map((answer) => answer?.status)
      expect(statuses(yield* ask(MAX_PAGES + 2))).toEqual([
        ...Array.from({ length: MAX_PAGES }, () => 200),
        503,
        503
      ])
      expect(header((yield* ask(1))[0]!, "retry-after")).toBe("1")
      yield* TestClock.adjust("1 second")
      expect(statuses(yield* ask(1))).toEqual([200])
    })
  )
})

describe("both", () => {
  it.effect("take GET and HEAD alone", () =>
    Effect.gen(function* () {
      for (const path of ["/openapi.json", "/docs"]) {
        expect((yield* asked(path, "gzip", "HEAD")).status).toBe(200)
        expect(yield* asked(path, "gzip", "POST")).toEqual({
          status: 405,
          headers: [["allow", "GET, HEAD"]],
          body: ""
        })
      }
    })
  )

  it.effect("are the only ones", () =>
    Effect.gen(function* () {
      const docs = yield* makeDocs
      for (const path of ["/", "/docs/", "/openapi", "/doc", "/api"])
        expect(docs(request(path))).toBeUndefined()
    })
  )
})
