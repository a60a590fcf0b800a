/** Clients whose connection is the answer to an HTTP request: /connection/sse, /connection/http_stream, and the unidirectional two. */
import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import type { Command, ConnectRequest } from "../../protocol/centrifuge/messages.ts"
import type { ClientFacts } from "../backend/Backend.ts"
import type { AnswerHeaders, HttpAnswer, PlainRequest } from "../Transport.ts"
import { FORBIDDEN_ORIGIN, handshakeOf } from "./acceptance.ts"
import { identify } from "./connect.ts"
import type { Handshake } from "./Handshake.ts"
import {
  corsHeaders,
  EVENT_STREAM_HEADERS,
  notAllowed,
  plainText,
  preflight,
  STREAM_HEADERS
} from "./httpHeaders.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { SessionOpening } from "./SessionOpening.ts"
import { connectCommand, type SessionWire, wires } from "./wires.ts"

/** Bytes of a request body on these paths. */
export const BODY_LIMIT = 65_536

export type HttpRoute = (request: PlainRequest) => HttpAnswer | Promise<HttpAnswer>

const queryParameter = ({ query }: PlainRequest, name: string): string | undefined =>
  new URLSearchParams(query).get(name) ?? undefined

/** Lines of an event stream begin with this, so that a proxy sees that it has begun. */
const FIRST_BYTES = Buffer.from("\r\n")

interface StreamKind {
  readonly transport: ClientFacts["transport"]
  readonly methods: string
  readonly headers: AnswerHeaders
  readonly first?: Uint8Array
  /** How the client of this request reads and writes. */
  readonly wireOf: (request: PlainRequest) => SessionWire
  /** What it said; undefined where it said nothing that is understood, a text where that is told by a status. */
  readonly commandsOf: (
    request: PlainRequest,
    wire: SessionWire
  ) => ReadonlyArray<Command> | undefined | string
}

const body = ({ body }: PlainRequest, wire: SessionWire): ReadonlyArray<Command> | undefined =>
  wire.decode(body)

const parameter = (request: PlainRequest, wire: SessionWire) => {
  const text = queryParameter(request, "cf_connect")
  return text === undefined ? "cf_connect is missing" : wire.decode(Buffer.from(text))
}

/** Without anything to say, a unidirectional client just connects. */
const uniConnect = (text: string) =>
  connectCommand(text === "" ? "{}" : text) ?? "this is not a connect request"

const isBinary = ({ headers }: PlainRequest): boolean =>
  headers.get("content-type")?.startsWith("application/octet-stream") === true

const kinds = {
  "/connection/http_stream": {
    transport: "http_stream",
    methods: "POST, OPTIONS",
    headers: STREAM_HEADERS,
    wireOf: (request) => (isBinary(request) ? wires.httpStreamProtobuf : wires.httpStreamJson),
    commandsOf: body
  },
  "/connection/sse": {
    transport: "sse",
    methods: "GET, POST, OPTIONS",
    headers: EVENT_STREAM_HEADERS,
    first: FIRST_BYTES,
    wireOf: () => wires.sse,
    commandsOf: (request, wire) => (request.method === "GET" ? parameter(request, wire) : body(request, wire))
  },
  "/connection/uni_http_stream": {
    transport: "uni_http_stream",
    methods: "POST, OPTIONS",
    headers: STREAM_HEADERS,
    wireOf: () => wires.uniHttpStream,
    commandsOf: ({ body }) => uniConnect(body.toString())
  },
  "/connection/uni_sse": {
    transport: "uni_sse",
    methods: "GET, POST, OPTIONS",
    headers: EVENT_STREAM_HEADERS,
    first: FIRST_BYTES,
    wireOf: () => wires.uniSse,
    commandsOf: (request) =>
      uniConnect(
        request.method === "GET" ? (queryParameter(request, "cf_connect") ?? "") : request.body.toString()
      )
  }
} satisfies Record<string, StreamKind>

const route =
  (env: SessionEnv, kind: StreamKind): HttpRoute =>
  (request) => {
    const { method, headers } = request
    if (!env.isAllowedOrigin(headers)) return plainText(403, FORBIDDEN_ORIGIN.message)
    if (method === "OPTIONS") return preflight(request, kind.methods)
    if (!kind.methods.split(", ").includes(method)) return notAllowed(kind.methods)
    const wire = kind.wireOf(request)
    const commands = kind.commandsOf(request, wire)
    if (typeof commands === "string") return plainText(400, commands, corsHeaders(request))
    const handshake = handshakeOf(env, kind.transport, headers)
    const stream = (known?: Known): HttpAnswer => ({
      headers: [...kind.headers, ...corsHeaders(request)],
      first: kind.first,
      opening: new SessionOpening(env, wire, handshake, commands, true, known)
    })
    const isAsked = wire.isUnidirectional && env.config.client.connectCodeToHttpResponse.length > 0
    if (!isAsked) return stream()
    return firstIdentified(env, handshake, request, commands?.[0]?.connect ?? {}, stream)
  }

type Known = NonNullable<SessionOpening["known"]>

/** Where errors of connect are to be a status, they have to be known before the stream begins. */
const firstIdentified = (
  env: SessionEnv,
  handshake: Handshake,
  request: PlainRequest,
  connect: ConnectRequest,
  stream: (known?: Known) => HttpAnswer
): Promise<HttpAnswer> => {
  const client = randomUUID()
  const facts = () =>
    ({ client, protocol: "json", encoding: "json", emulatedHeaders: {}, ...handshake }) as const
  return Effect.runPromise(
    Effect.match(identify({ env, handshake }, connect, facts), {
      onSuccess: (identity) => stream({ client, identity }),
      onFailure: (failure) => {
        const error = failure._tag === "Refused" ? failure.error.code : -1
        const mapped = env.config.client.connectCodeToHttpResponse.find((one) => one.error === error)
        return mapped === undefined ? stream() : plainText(mapped.code, mapped.reason, corsHeaders(request))
      }
    })
  )
}

/** By path; those that are off are not there. */
export const streamRoutes = (env: SessionEnv): ReadonlyMap<string, HttpRoute> => {
  const { httpStream, sse, uniHttpStream, uniSse } = env.config
  const isOn = {
    "/connection/http_stream": httpStream.enabled,
    "/connection/sse": sse.enabled,
    "/connection/uni_http_stream": uniHttpStream.enabled,
    "/connection/uni_sse": uniSse.enabled
  }
  return new Map(
    Object.entries(kinds)
      .filter(([path]) => isOn[path as keyof typeof kinds])
      .map(([path, kind]) => [path, route(env, kind)])
  )
}
