/**
 * Messages' tables made ready for the encodings: names, prefixes and nested tables are looked up once, not once a
 * message.
 */
import { type Field, type Fields, jsonName, type Scalar } from "./fields.ts"

/**
 * How deep messages may nest at most; the encodings recurse over them. Only tag filters nest by themselves; nobody
 * writes one of this depth.
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

/**
 * What a number may be at least and at most: 64-bit ones as far as they are exact here, but those without sign, which are offsets of streams.
 * A client may believe what offset it likes, and is to be told that there is no such one: they are read up to the largest as doubles have it,
 * and what is not exact counts as `MAX_EXACT`.
 */
export const RANGE: Readonly<
  Record<Exclude<Scalar, "string" | "bool" | "bytes">, readonly [number, number]>
> = {
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  sint64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, 2 ** 64]
}

/** No stream gets so far. */
export const MAX_EXACT = Number.MAX_SAFE_INTEGER

/** A field, by all the names that it has. */
export class TableField {
  readonly name: string
  readonly jsonName: string
  /** `"was_recovering":` */
  readonly jsonKey: string
  readonly number: number
  readonly kind: Field<unknown>["kind"]
  /** Undefined where the values are messages. */
  readonly scalar: Scalar | undefined
  readonly isAlways: boolean
  private readonly message: () => Fields
  private knownTable: Table | undefined = undefined

  constructor(name: string, field: Field<unknown>) {
    this.name = name
    this.jsonName = jsonName(name)
    this.jsonKey = `"${this.jsonName}":`
    this.number = field.number
    this.kind = field.kind
    this.scalar = field.scalar
    this.isAlways = field.isAlways === true
    this.message = field.message ?? noFields
  }

  /** The table of the values, where they are messages. Looked up late: messages refer to each other. */
  get table(): Table {
    this.knownTable ??= tableOf(this.message())
    return this.knownTable
  }
}

/** The fields of a message. */
export class Table {
  readonly fields: ReadonlyArray<TableField>
  readonly byNumber: ReadonlyMap<number, TableField>
  readonly byName: ReadonlyMap<string, TableField>
  /** Those that are sent in JSON at their zero value, too. */
  readonly always: ReadonlyArray<TableField>
  private readonly byJsonName: ReadonlyMap<string, TableField>
  /**
   * JSON names have few lengths in common: a name is found by comparing it with one or two, without making a string
   * of it.
   */
  private readonly byLength: ReadonlyArray<ReadonlyArray<TableField>>

  constructor(fields: Fields) {
    this.fields = Object.entries(fields).map(([name, field]) => new TableField(name, field))
    this.byNumber = new Map(this.fields.map((field) => [field.number, field]))
    this.byName = new Map(this.fields.map((field) => [field.name, field]))
    this.byJsonName = new Map(this.fields.map((field) => [field.jsonName, field]))
    this.always = this.fields.filter((field) => field.isAlways)
    const longest = Math.max(0, ...this.fields.map((field) => field.jsonName.length))
    this.byLength = Array.from({ length: longest + 1 }, (_, length) =>
      this.fields.filter((field) => field.jsonName.length === length)
    )
  }

  byJson(name: string): TableField | undefined {
    return this.byJsonName.get(name)
  }

  /** The field whose JSON name stands in the text from `start` to `end`. */
  at(text: string, start: number, end: number): TableField | undefined {
    const length = end - start
    if (length >= this.byLength.length) return undefined
    for (const field of this.byLength[length]!) if (text.startsWith(field.jsonName, start)) return field
    return undefined
  }
}

const tables = new WeakMap<Fields, Table>()

const noFields = (): Fields => ({})

/** The table of these fields, made at first use. */
export const tableOf = (fields: Fields): Table => {
  const known = tables.get(fields)
  if (known !== undefined) return known
  const table = new Table(fields)
  tables.set(fields, table)
  return table
}
