/** Valid values of configuration keys, made from what their kinds say that they expect. */
import fc from "fast-check"
import { brokerKeys } from "../../src/config/brokerKeys.ts"
import * as HttpKinds from "../../src/config/httpKinds.ts"
import type { Keys } from "../../src/config/Keys.ts"
import * as Kind from "../../src/config/Kind.ts"
import { namespaces } from "../../src/config/namespaces.ts"
import { passwordHash } from "../../src/config/passwordHash.ts"
import { pattern } from "../../src/config/pattern.ts"
import { backendKeys } from "../../src/config/proxyKeys.ts"
import { publicKeys } from "./publicKeys.ts"

/** One value, as a file has it and as the text that stands for it in the environment and in flags. */
export interface Given {
  readonly json: unknown
  readonly text: string
}

const same = (value: string): Given => ({ json: value, text: value })
const shown = (value: number | boolean): Given => ({ json: value, text: String(value) })

const word = fc.stringMatching(/^[A-Za-z0-9_./:][A-Za-z0-9_./: -]{0,20}[A-Za-z0-9]$/)
const unit = fc.constantFrom("ms", " ms", " seconds", "s", " minutes", " min", " hours", "h", " day", " days")
const lengthOfTime = (least: number): fc.Arbitrary<Given> =>
  fc.oneof(
    fc.integer({ min: least, max: 1e9 }).map((ms): Given => ({ json: ms, text: String(ms) })),
    fc.tuple(fc.integer({ min: Math.max(least, 1), max: 10_000 }), unit).map(([n, u]) => same(`${n}${u}`)),
    fc.tuple(fc.integer({ min: 1, max: 9999 }), unit).map(([n, u]) => same(`${n / 10}${u}`))
  )

const namespace = fc.record(
  {
    name: fc.stringMatching(/^[-a-zA-Z0-9_.]{2,8}$/),
    presence: fc.boolean(),
    historySize: fc.nat(1000),
    historyTtl: fc.nat(100).map((seconds) => `${seconds} s`)
  },
  { requiredKeys: ["name"] }
)
const name = fc.stringMatching(/^[-a-zA-Z0-9_.]{2,8}$/)
const url = fc.webAuthority().map((authority) => `https://${authority}/x?y=1`)
const headerName = fc.stringMatching(/^X-[A-Za-z0-9]{1,10}$/)
const headers = fc.dictionary(headerName, word, { minKeys: 1, maxKeys: 5 })
const proxy = fc.record(
  {
    name,
    endpoint: url,
    timeout: fc.integer({ min: 1, max: 9 }).map((s) => `${s} s`),
    httpHeaders: fc.array(headerName)
  },
  { requiredKeys: ["name"] }
)
const rpcNamespace = fc.record(
  { name, proxyEnabled: fc.boolean(), proxyName: name },
  { requiredKeys: ["name"] }
)
const uniquelyNamed = <A extends { readonly name: string }>(entry: fc.Arbitrary<A>) =>
  fc.uniqueArray(entry, { selector: (one) => one.name })
const asJson = (json: unknown): Given => ({ json, text: JSON.stringify(json) })

const texts = (one: fc.Arbitrary<string>, minLength: number): fc.Arbitrary<Given> =>
  fc.array(one, { minLength, maxLength: 5 }).map((parts) => ({ json: parts, text: parts.join(", ") }))

const quoted = (expected: string): ReadonlyArray<string> =>
  [...expected.matchAll(/"([^"]*)"/g)].map(([, option]) => option!)

const publicKeyFor = (expected: string): string =>
  publicKeys[expected.includes("RSA") ? "rsa" : expected.includes("curve") ? "ec" : "ed25519"]

const bounds = (expected: string): { min: number; max: number } => {
  const [, min, max] = /between (\d+) and (\d+)/.exec(expected) ?? /of at least (\d+)/.exec(expected) ?? []
  if (min === undefined) throw new Error(`no bounds in "${expected}"`)
  return { min: Number(min), max: Math.min(Number(max ?? 1e9), 1e9) }
}

/** Of "correct horse battery staple" and "é", cheap ones. */
export const passwordHashes = [
  "$scrypt$ln=4,r=8,p=1$QUFBQUFBQUFBQUFBQUFBQQ$M1sEm7pUmmv+DBXk5l+eBS3IMAVyOJq8R8kLYN4E1EM",
  "$scrypt$ln=1,r=1,p=2$QkJCQkJCQkJCQkJCQkJCQg$tVirlaYzyFomMFzvKvQmDQ"
] as const

/** Any valid value of a kind, with its text. */
export const given = (kind: Kind.Kind<unknown>): fc.Arbitrary<Given> => {
  const { expected } = kind
  const [, inner, alternative] = /^(.*), or "(\w+)"$/.exec(expected) ?? []
  if (inner !== undefined && alternative !== undefined)
    return fc.oneof(given({ ...kind, expected: inner }), fc.constant(same(alternative)))
  switch (kind) {
    case Kind.boolean:
      return fc.boolean().map(shown)
    case Kind.duration:
      return lengthOfTime(0)
    case Kind.positiveDuration:
      return lengthOfTime(1)
    case Kind.webSocketUri:
      return fc.webAuthority().map((authority) => same(`ws://${authority}/x?y=1`))
    case Kind.httpUrl:
      return fc.webUrl().map(same)
    case Kind.list:
    case Kind.localAddresses:
      return texts(fc.ipV4(), kind === Kind.localAddresses ? 1 : 0)
    case pattern:
      return fc.constantFrom("^[a-z]+$", "/realms/(?P<realm>[a-z]+)", "\\p{L}{2}").map(same)
    case Kind.text:
    case Kind.secret:
      return word.map(same)
  }
  switch (kind) {
    case namespaces:
      return uniquelyNamed(namespace).map(asJson)
    case backendKeys.proxies.kind:
      return uniquelyNamed(proxy).map(asJson)
    case backendKeys["rpc.namespaces"].kind:
      return uniquelyNamed(rpcNamespace).map(asJson)
    case brokerKeys["node.name"].kind:
      return word.map(same)
    case brokerKeys["broker.nats.servers"].kind:
      return texts(
        fc.tuple(fc.constantFrom("nats", "tls"), fc.ipV4()).map(([scheme, ip]) => `${scheme}://${ip}:4222`),
        1
      )
    case brokerKeys["broker.nats.prefix"].kind:
      return fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$/).map(same)
    case passwordHash:
      return fc.constantFrom(...passwordHashes).map(same)
    case HttpKinds.headers:
      return headers.map(asJson)
    case HttpKinds.endpointUrl:
      return url.map(same)
    case HttpKinds.headerNames:
      return texts(headerName, 0)
  }
  const code = /^a list of "<error code>: .* between (\d+)/.exec(expected)?.[1]
  if (code !== undefined) return texts(fc.constantFrom(`109: ${code} come back`, `103: ${code}`), 0)
  if (expected.startsWith("one of ")) return fc.constantFrom(...quoted(expected)).map(same)
  if (expected.startsWith("a list of any of ")) return texts(fc.constantFrom(...quoted(expected)), 0)
  if (expected.includes("public key")) return fc.constant(same(publicKeyFor(expected)))
  if (expected.startsWith("letters and ") || expected.startsWith("a name of "))
    return fc.stringMatching(/^[A-Za-z_]{1,20}$/).map(same)
  if (expected.startsWith("a whole number ")) return fc.integer(bounds(expected)).map(shown)
  if (expected.startsWith("a number ")) {
    const { min, max } = bounds(expected)
    return fc.integer({ min: min * 1000, max: max * 1000 }).map((thousandths) => shown(thousandths / 1000))
  }
  throw new Error(`no values are known for "${expected}"`)
}

/** Any subset of the keys, each with a valid value. */
export const anySubset = (keys: Keys): fc.Arbitrary<ReadonlyArray<readonly [path: string, Given]>> =>
  fc
    .subarray(Object.keys(keys))
    .chain((paths) =>
      fc.tuple(...paths.map((path) => given(keys[path]!.kind).map((value) => [path, value] as const)))
    )
