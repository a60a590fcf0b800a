/** A question to the backend as an HTTP request: JSON in Centrifugo's form, and the headers that are passed on. */
import * as Redacted from "effect/Redacted"
import { isHeaderValue } from "../../config/httpKinds.ts"
import type { ProxyConfig } from "../../config/proxyKeys.ts"
import { isJson } from "../../protocol/centrifuge/json.ts"
import type { ClientFacts, ConnectQuestion, RpcQuestion, SubscribeQuestion } from "./Backend.ts"

const EMPTY = new Uint8Array()

/** Any question: its kind decides which of the optional members are there. */
export type Asked = ClientFacts &
  Partial<Omit<ConnectQuestion & SubscribeQuestion & RpcQuestion, keyof ClientFacts>>

/** Members at their zero value are left out. */
const given = <A extends string | ReadonlyArray<string>>(value: A | undefined): A | undefined =>
  value === undefined || value.length === 0 ? undefined : value

/** A member with a payload in it, byte for byte. Undefined where the payload is not JSON. */
const spliced = (name: string, payload: Uint8Array): string | undefined =>
  isJson(payload) ? `,"${name}":${Buffer.from(payload).toString("utf8")}` : undefined

/**
 * The body of a request. `encoding` is "binary" where `b64data` stands in place of `data`: for payloads that are not JSON, and for all where the
 * configuration says so.
 */
export const requestBody = (
  { binaryEncoding, includeConnectionMeta }: ProxyConfig,
  question: Asked
): Buffer => {
  const { client, transport, protocol, user, data = EMPTY, meta = EMPTY } = question
  const raw = binaryEncoding || data.length === 0 ? undefined : spliced("data", data)
  const isBase64 = data.length > 0 && raw === undefined
  const members = JSON.stringify({
    client,
    transport,
    protocol,
    encoding: binaryEncoding || isBase64 ? "binary" : "json",
    user,
    channel: given(question.channel),
    token: given(question.token),
    method: given(question.method),
    name: given(question.name),
    version: given(question.version),
    channels: given(question.channels),
    b64data: isBase64 ? Buffer.from(data).toString("base64") : undefined
  })
  const rawMeta = includeConnectionMeta && meta.length > 0 ? spliced("meta", meta) : undefined
  return Buffer.from(`${members.slice(0, -1)}${raw ?? ""}${rawMeta ?? ""}}`)
}

/** Text as the Latin-1 that Node writes into headers: the bytes of its UTF-8. */
const asHeader = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

/**
 * Says which headers go with a question: those of the configuration, over them those that the client wrote into its connect command, over them
 * those of its handshake. What cannot stand in a header is left out.
 */
export const headersOf = ({
  httpHeaders,
  emulatedHeaders,
  http
}: ProxyConfig): ((facts: ClientFacts) => Readonly<Record<string, string>>) => {
  const emulatedNames = new Set(emulatedHeaders.map((name) => name.toLowerCase()))
  const names = httpHeaders.map((name) => name.toLowerCase())
  const fixed = Object.fromEntries(
    Object.entries(http.staticHeaders).map(([name, value]) => [name.toLowerCase(), Redacted.value(value)])
  )
  return (facts) => {
    const headers: Record<string, string> = { ...fixed, "content-type": "application/json" }
    const set = (name: string, value: string) => {
      if (isHeaderValue(value)) headers[name] = value
    }
    if (emulatedNames.size > 0)
      for (const [given, value] of Object.entries(facts.emulatedHeaders)) {
        const name = given.toLowerCase()
        if (emulatedNames.has(name)) set(name, asHeader(value))
      }
    for (const name of names) {
      const value = facts.headers.get(name)
      if (value !== undefined) set(name, value)
    }
    return headers
  }
}
