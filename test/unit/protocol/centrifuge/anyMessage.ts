/** Messages of any content, from their tables; and what they look like elsewhere. */
import fc from "fast-check"
import { type Field, type Fields, jsonName, type Scalar } from "../../../../src/protocol/centrifuge/fields.ts"
import { valueText } from "../jsonText.ts"

export type Message = { readonly [name: string]: unknown }

/** Filters nest without end; here this deep. */
const DEPTH = 5

/** A payload that is JSON on one line. */
export const jsonPayload: fc.Arbitrary<Uint8Array> = valueText.map((text) =>
  Buffer.from(text.replace(/[\r\n]/g, ""))
)

export const anyPayload: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 200 })

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", '"\\\n', "__proto__", "\u2028é😀")
)

const scalars: Readonly<Record<Exclude<Scalar, "bytes">, fc.Arbitrary<unknown>>> = {
  string: text,
  bool: fc.boolean(),
  int32: fc.oneof(fc.integer(), fc.constantFrom(0, -1, 0x7fff_ffff, -0x8000_0000)),
  uint32: fc.oneof(fc.nat(), fc.constantFrom(0, 127, 128, 0x8000_0000, 0xffff_ffff)),
  int64: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, Number.MIN_SAFE_INTEGER)),
  sint64: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, Number.MIN_SAFE_INTEGER)),
  uint64: fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER))
}

/** Any message of this table, with these payloads in it and these keys in its maps. */
export const messageOf = (
  fields: Fields,
  payload: fc.Arbitrary<Uint8Array>,
  key: fc.Arbitrary<string> = text,
  depth = DEPTH
): fc.Arbitrary<Message> => {
  const value = (field: Field<unknown>): fc.Arbitrary<unknown> => {
    if (field.scalar === "bytes") return payload
    if (field.scalar !== undefined) return scalars[field.scalar]
    return depth === 0 ? fc.constant({}) : messageOf(field.message!(), payload, key, depth - 1)
  }
  const whole = (field: Field<unknown>): fc.Arbitrary<unknown> => {
    if (field.kind === "list") return fc.array(value(field), { maxLength: 2 })
    if (field.kind === "map") return fc.dictionary(key, value(field), { maxKeys: 2 })
    return value(field)
  }
  return fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, whole(field)])), {
    requiredKeys: []
  })
}

const isMessage = (field: Field<unknown>): boolean => field.scalar === undefined

const isZero = (field: Field<unknown>, value: unknown): boolean =>
  field.kind === "scalar"
    ? value === 0 || value === "" || value === false || (value as Uint8Array).length === 0
    : field.kind !== "message" && Object.keys(value as object).length === 0

/**
 * The message with another look: names, payloads and maps as these functions give them, zero values left out, or
 * written where `always` says so.
 */
export const lookOf = (
  fields: Fields,
  message: Message,
  look: {
    readonly name: (name: string) => string
    readonly bytes: (bytes: Uint8Array) => unknown
    readonly withAlways: boolean
  }
): Record<string, unknown> => {
  const value = (field: Field<unknown>, given: unknown): unknown =>
    isMessage(field)
      ? lookOf(field.message!(), given as Message, look)
      : field.scalar === "bytes"
        ? look.bytes(given as Uint8Array)
        : given
  const seen: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const given = message[name] ?? (look.withAlways && field.isAlways ? zeroOf(field) : undefined)
    if (given === undefined || (isZero(field, given) && !(look.withAlways && field.isAlways))) continue
    seen[look.name(name)] =
      field.kind === "list"
        ? (given as ReadonlyArray<unknown>).map((item) => value(field, item))
        : field.kind === "map"
          ? new Map(Object.entries(given as object).map(([key, item]) => [key, value(field, item)]))
          : value(field, given)
  }
  return seen
}

const zeroOf = (field: Field<unknown>): unknown =>
  field.kind === "list" ? [] : field.kind === "map" ? {} : field.scalar === "string" ? "" : 0

/** The message without its zero values, payloads as hexadecimal text: equal for equal messages. */
export const comparable = (fields: Fields, message: Message): Record<string, unknown> =>
  lookOf(fields, message, {
    name: (name) => name,
    bytes: (bytes) => Buffer.from(bytes).toString("hex"),
    withAlways: false
  })

/** Maps back to objects, with `__proto__` as a key as any other. */
export const withObjects = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withObjects)
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [key, withObjects(item)]))
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withObjects(item)]))
}

export { jsonName }
