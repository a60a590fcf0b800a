/** Kinds of values about HTTP requests that the server makes. */
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Kind from "./Kind.ts"

/** User and password belong into a header, where they are kept secret: URLs are logged. */
export const endpointUrl: Kind.Kind<string> = Kind.refine(
  Kind.httpUrl,
  "a URL that starts with http:// or https://, without user and fragment",
  (url) => {
    const { username, password, hash, port } = new URL(url)
    return username + password + hash === "" && port !== "0"
  }
)

/** Headers that belong to one hop or to one body: those of the server's own request are its own. */
const OWN = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

/** A token of RFC 9110. */
const HEADER_NAME = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/
const isFreeName = (name: string): boolean => HEADER_NAME.test(name) && !OWN.has(name.toLowerCase())

/** What Node sends: visible characters of Latin-1, spaces and tabs. */
export const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

export const headerNames: Kind.Kind<ReadonlyArray<string>> = Kind.refine(
  Kind.list,
  "a list of names of HTTP headers, without those of a single connection or body",
  (names) => names.every(isFreeName)
)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const decodeHeader = ([name, value]: readonly [string, unknown]) =>
  isFreeName(name) && Predicate.isString(value) && isHeaderValue(value)
    ? Result.map(Kind.secret.decode(value), (secret) => [name, secret] as const)
    : Result.fail(value)

const mapValues = <A, B>(all: Readonly<Record<string, A>>, use: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name, use(value)]))

/** Headers as a JSON object of texts. What they say is never shown. */
export const headers: Kind.Kind<Readonly<Record<string, Redacted.Redacted<string>>>> = {
  expected: "an object of HTTP headers, without those of a single connection or body",
  decode: (json) =>
    Predicate.isObject(json)
      ? Result.map(Result.all(Object.entries(json).map(decodeHeader)), Object.fromEntries)
      : Result.fail(json),
  fromText: parse,
  toJson: (all) => mapValues(all, Kind.secret.toJson),
  toTransfer: (all) => mapValues(all, Redacted.value),
  isSecret: true
}
