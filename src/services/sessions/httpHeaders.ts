/** Headers of the protocol's HTTP transports, and who may use them from a page. */
import type { AnswerHeaders, PlainAnswer, PlainRequest } from "../Transport.ts"

/** Nothing on the way may keep or gather what is streamed. */
const UNCACHED: AnswerHeaders = [
  ["x-accel-buffering", "no"],
  ["cache-control", "private, no-cache, no-store, must-revalidate, max-age=0"],
  ["pragma", "no-cache"],
  ["expire", "0"],
  ["connection", "keep-alive"]
]

export const STREAM_HEADERS: AnswerHeaders = UNCACHED
export const EVENT_STREAM_HEADERS: AnswerHeaders = [
  ["content-type", "text/event-stream; charset=utf-8"],
  ...UNCACHED
]

/** For pages of other origins, which were allowed. */
export const corsHeaders = ({ headers }: PlainRequest): AnswerHeaders => {
  const origin = headers.get("origin")
  if (origin === undefined) return []
  const asked = headers.get("access-control-request-headers")
  return [
    ["access-control-allow-origin", origin],
    ["access-control-allow-credentials", "true"],
    ["vary", "Origin"],
    ...(asked === undefined ? [] : [["access-control-allow-headers", asked] as const])
  ]
}

const empty = (status: number, headers: AnswerHeaders = []): PlainAnswer => ({ status, headers, body: "" })

export const plainText = (status: number, text: string, headers: AnswerHeaders = []): PlainAnswer => ({
  status,
  headers: [["content-type", "text/plain; charset=utf-8"], ...headers],
  body: `${text}\n`
})

/** The question that a browser asks before it sends. */
export const preflight = (request: PlainRequest, methods: string): PlainAnswer =>
  empty(204, [
    ["access-control-max-age", "300"],
    ["access-control-allow-methods", methods],
    ...corsHeaders(request)
  ])

export const noContent = (request: PlainRequest): PlainAnswer => empty(204, corsHeaders(request))

export const notAllowed = (methods: string): PlainAnswer =>
  plainText(405, `use ${methods}`, [["allow", methods]])
