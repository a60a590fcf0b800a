/** Messages' tables made ready for the encodings: names, prefixes and nested tables are looked up once, not once a message. */
import { type Field, type Fields, jsonName, type Scalar } from "./fields.ts"

/**
 * How deep messages may nest at most; the encodings recurse over them. Only tag filters nest by themselves; nobody writes one of this depth.
 */
export const MAX_DEPTH = 64

/** A message on its way in or out, without its type. */
export type AnyMessage = { [name: string]: unknown }

/** A map whose keys clients choose: `__proto__` is a key as any other. */
export const emptyMap = (): AnyMessage => Object.create(null) as AnyMessage

export const isEmptyMap = (map: AnyMessage): boolean => {
  for (const _ in map) return false
  return true
}

/** What a number may be at least and at most: 64-bit ones as far as they are exact here. */
export const RANGE: Readonly<
  Record<Exclude<Scalar, "string" | "bool" | "bytes">, readonly [number, number]>
> = {
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  sint64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER]
}

export interface TableField {
  readonly name: string
  readonly jsonName: string
  /** `"was_recovering":` */
  readonly jsonKey: string
  readonly number: number
  readonly kind: Field<unknown>["kind"]
  /** Undefined where the values are messages. */
  readonly scalar: Scalar | undefined
  readonly isAlways: boolean
  /** The table of the values, where they are messages. */
  readonly table: Table
}

export interface Table {
  readonly fields: ReadonlyArray<TableField>
  readonly byJsonName: ReadonlyMap<string, TableField>
  readonly byNumber: ReadonlyMap<number, TableField>
}

const tables = new WeakMap<Fields, Table>()

const NO_FIELDS: Fields = {}

/** The table of these fields, made at first use. */
export const tableOf = (fields: Fields): Table => {
  const known = tables.get(fields)
  if (known !== undefined) return known
  const made = Object.entries(fields).map(([name, field]) => tableField(name, field))
  const table: Table = {
    fields: made,
    byJsonName: new Map(made.map((field) => [field.jsonName, field])),
    byNumber: new Map(made.map((field) => [field.number, field]))
  }
  tables.set(fields, table)
  return table
}

const tableField = (name: string, field: Field<unknown>): TableField => {
  let table: Table | undefined
  return {
    name,
    jsonName: jsonName(name),
    jsonKey: `"${jsonName(name)}":`,
    number: field.number,
    kind: field.kind,
    scalar: field.scalar,
    isAlways: field.isAlways === true,
    // Late: messages refer to each other.
    get table() {
      table ??= tableOf(field.message?.() ?? NO_FIELDS)
      return table
    }
  }
}
