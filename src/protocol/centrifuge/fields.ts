/**
 * How a message of the client protocol is described: one table for each message, from which its type, its JSON form
 * and its Protobuf form follow.
 *
 * JSON names are the keys in snake case. A field at its zero value (0, "", false, no bytes, an empty list or map)
 * is not sent, in either form, unless the table says `always`; what is absent reads as undefined.
 */

export type Scalar = "string" | "bool" | "uint32" | "int32" | "int64" | "uint64" | "sint64" | "bytes"

/** One field. `number` is Protobuf's. */
export interface Field<A> {
  readonly number: number
  readonly kind: "scalar" | "message" | "list" | "map"
  readonly scalar?: Scalar
  /** The message's table, late: messages refer to each other. */
  readonly message?: () => Fields
  /** Sent in JSON at its zero value, too. */
  readonly isAlways?: boolean
  /** Only in the type. */
  readonly type?: A
}

export type Fields = { readonly [name: string]: Field<unknown> }

export type MessageOf<T extends Fields> = {
  readonly [K in keyof T]?: (T[K] extends Field<infer A> ? A : never) | undefined
}

const scalar =
  <A>(scalar: Scalar) =>
  (number: number): Field<A> => ({ number, kind: "scalar", scalar })

export const string = scalar<string>("string")
export const bool = scalar<boolean>("bool")
export const uint32 = scalar<number>("uint32")
export const int32 = scalar<number>("int32")
/** 64-bit numbers are numbers here: offsets beyond 2^53 are refused. */
export const int64 = scalar<number>("int64")
export const uint64 = scalar<number>("uint64")
export const sint64 = scalar<number>("sint64")
/** In JSON: any JSON value, passed through byte for byte. */
export const bytes = scalar<Uint8Array>("bytes")

export const message = <T extends Fields>(number: number, fields: () => T): Field<MessageOf<T>> => ({
  number,
  kind: "message",
  message: fields
})

export const strings = (number: number): Field<ReadonlyArray<string>> => ({
  number,
  kind: "list",
  scalar: "string"
})

export const list = <T extends Fields>(
  number: number,
  fields: () => T
): Field<ReadonlyArray<MessageOf<T>>> => ({ number, kind: "list", message: fields })

export const stringMap = (number: number): Field<Readonly<Record<string, string>>> => ({
  number,
  kind: "map",
  scalar: "string"
})

export const map = <T extends Fields>(
  number: number,
  fields: () => T
): Field<Readonly<Record<string, MessageOf<T>>>> => ({ number, kind: "map", message: fields })

export const always = <A>(field: Field<A>): Field<A> => ({ ...field, isAlways: true })

/** "wasRecovering" → "was_recovering" */
export const jsonName = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
