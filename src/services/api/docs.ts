/**
 * `/openapi.json` and `/docs`, open to everyone: they say what this server could be asked, not what is in it.
 *
 * They are made when somebody first asks, and kept: the document as text, the page compressed, because it is 2 MB of which nothing comes from
 * another host.
 */
import { promisify } from "node:util"
import { gunzip, gzip } from "node:zlib"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { BROKEN, plainText } from "../httpReply.ts"
import type { AnswerHeaders, PlainAnswer, PlainRequest } from "../Transport.ts"

/** Pages in a second; more are answered with 503. Each may wait in memory for a client that reads slowly. */
export const MAX_PAGES = 10

/** The page may load and ask nothing but this server. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

const PAGE_HEADERS: AnswerHeaders = [
  ["content-type", "text/html; charset=utf-8"],
  ["content-security-policy", CONTENT_SECURITY_POLICY],
  ["cache-control", "max-age=3600"],
  ["vary", "accept-encoding"]
]

const GZIP_HEADERS: AnswerHeaders = [...PAGE_HEADERS, ["content-encoding", "gzip"]]

const NOT_GET = { status: 405, headers: [["allow", "GET, HEAD"]], body: "" } as const
const TOO_MANY = plainText(503, "too many ask for this page at once", [["retry-after", "1"]])

const makeDocument = async (): Promise<PlainAnswer> => {
  const { openApiDocument } = await import("./openApi.ts")
  const body = JSON.stringify(openApiDocument())
  return { status: 200, headers: [["content-type", "application/json"]], body }
}

/** The page, compressed. */
const makePage = async (): Promise<Buffer> => {
  const { openApiPage } = await import("./openApi.ts")
  return promisify(gzip)(await Effect.runPromise(openApiPage))
}

const takesGzip = ({ headers }: PlainRequest): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(headers.get("accept-encoding") ?? "")

/** What is made once. A failure is not kept. */
const once = <A>(make: () => Promise<A>) => {
  let made: Promise<A> | undefined
  return () => {
    made ??= make().catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
}

/** Answers requests for the two paths; undefined for any other. */
export const makeDocs = Effect.map(
  Effect.all([Clock.clockWith(Effect.succeed), Effect.context<never>()]),
  ([clock, context]) => {
    const document = once(makeDocument)
    const page = once(makePage)
    let second = 0
    let pages = 0

    const isTooOften = (): boolean => {
      const now = Math.floor(clock.currentTimeMillisUnsafe() / 1000)
      if (now !== second) {
        second = now
        pages = 0
      }
      return ++pages > MAX_PAGES
    }

    const pageAnswer = async (request: PlainRequest): Promise<PlainAnswer> => {
      if (isTooOften()) return TOO_MANY
      const compressed = await page()
      if (takesGzip(request)) return { status: 200, headers: GZIP_HEADERS, body: compressed }
      return { status: 200, headers: PAGE_HEADERS, body: await promisify(gunzip)(compressed) }
    }

    const failed = (error: unknown): PlainAnswer => {
      Effect.runForkWith(context)(Effect.logError("the pages about the API cannot be made", error))
      return BROKEN
    }

    const answers: ReadonlyMap<string, (request: PlainRequest) => Promise<PlainAnswer>> = new Map([
      ["/openapi.json", document],
      ["/docs", pageAnswer]
    ])

    return (request: PlainRequest): Promise<PlainAnswer> | PlainAnswer | undefined => {
      const answer = answers.get(request.path)
      if (answer === undefined) return undefined
      return request.method === "GET" || request.method === "HEAD" ? answer(request).catch(failed) : NOT_GET
    }
  }
)
