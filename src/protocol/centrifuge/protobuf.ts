/**
 * The Protobuf form of the client protocol: each message after its length. What is not valid reads as undefined,
 * without a throw.
 *
 * Stricter than Protobuf where that is lax: a number that does not fit its field is refused, not cut; groups, which
 * proto3 does not have, are refused.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire"
import type { Fields, MessageOf, Scalar } from "./fields.ts"
import type { Emulation } from "./json.ts"
import {
  type Command,
  CommandFields,
  EmulationRequestFields,
  type Push,
  PushFields,
  type Reply,
  ReplyFields
} from "./messages.ts"
import {
  type AnyMessage,
  emptyMap,
  MAX_DEPTH,
  MAX_EXACT,
  RANGE,
  type Table,
  type TableField,
  tableOf
} from "./tables.ts"

const commandTable = tableOf(CommandFields)
const replyTable = tableOf(ReplyFields)
const pushTable = tableOf(PushFields)

/** Field numbers of a map's entries. */
const MAP_KEY = 1
const MAP_VALUE = 2

// Reading.

/** What the reading functions throw, as the library's reader does; `decoded` catches both. */
class Malformed extends Error {}

const decoded = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/**
 * Reads one message. Unknown fields are passed over, of repeated ones the last counts, empty text reads as absent.
 * Undefined for malformed bytes.
 */
export const decodeMessage = <T extends Fields>(fields: T, bytes: Uint8Array): MessageOf<T> | undefined =>
  decoded(() => readMessage(new BinaryReader(bytes), bytes.length, tableOf(fields), 1) as MessageOf<T>)

/**
 * Reads a frame: one command or more, each after its length. One of length 0 is a pong. Undefined when the frame is
 * empty or malformed.
 */
export const decodeCommands = (frame: Uint8Array): ReadonlyArray<Command> | undefined =>
  decoded(() => {
    const reader = new BinaryReader(frame)
    const commands: Array<Command> = []
    do {
      const end = readEnd(reader)
      commands.push(readMessage(reader, end, commandTable, 1) as Command)
    } while (reader.pos < reader.len)
    return commands
  })

/** Reads an emulation request; what it leaves out is empty. */
export const decodeEmulation = (bytes: Uint8Array): Emulation | undefined => {
  const request = decodeMessage(EmulationRequestFields, bytes)
  if (request === undefined) return undefined
  const { node = "", session = "", data = NO_BYTES } = request
  return { node, session, data }
}

const NO_BYTES = new Uint8Array(0)

/** Reads a message that ends at `end`. */
const readMessage = (
  reader: BinaryReader,
  end: number,
  table: Table,
  depth: number,
  message: AnyMessage = {}
): AnyMessage => {
  if (depth > MAX_DEPTH) throw new Malformed()
  while (reader.pos < end) {
    const [number, wireType] = reader.tag()
    const field = table.byNumber.get(number)
    if (field === undefined) skip(reader, wireType)
    else {
      if (wireType !== wireTypeOf(field)) throw new Malformed()
      readField(reader, field, message, depth)
    }
  }
  if (reader.pos !== end) throw new Malformed()
  return message
}

const wireTypeOf = (field: TableField): WireType =>
  field.scalar === undefined || field.kind !== "scalar"
    ? WireType.LengthDelimited
    : wireTypeOfScalar(field.scalar)

const wireTypeOfScalar = (scalar: Scalar): WireType =>
  scalar === "string" || scalar === "bytes" ? WireType.LengthDelimited : WireType.Varint

const skip = (reader: BinaryReader, wireType: WireType): void => {
  switch (wireType) {
    case WireType.Varint:
      readVarint(reader)
      return
    case WireType.LengthDelimited:
      reader.pos = readEnd(reader)
      return
    case WireType.StartGroup:
      throw new Malformed()
    default:
      reader.skip(wireType)
  }
}

const readField = (reader: BinaryReader, field: TableField, message: AnyMessage, depth: number): void => {
  const { name } = field
  if (field.kind === "list") {
    message[name] ??= []
    ;(message[name] as Array<unknown>).push(readValue(reader, field, undefined, depth))
  } else if (field.kind === "map") {
    message[name] ??= emptyMap()
    readMapEntry(reader, field, message[name] as AnyMessage, depth)
  } else {
    const value = readValue(reader, field, message[name] as AnyMessage | undefined, depth)
    message[name] = value === "" ? undefined : value
  }
}

/** One value of a field. A message that comes in parts goes on in `before`. */
const readValue = (
  reader: BinaryReader,
  field: TableField,
  before: AnyMessage | undefined,
  depth: number
): unknown =>
  field.scalar === undefined
    ? readMessage(reader, readEnd(reader), field.table, depth + 1, before)
    : readScalar(reader, field.scalar)

const readMapEntry = (reader: BinaryReader, field: TableField, map: AnyMessage, depth: number): void => {
  const end = readEnd(reader)
  let key = ""
  let value: unknown
  while (reader.pos < end) {
    const [number, wireType] = reader.tag()
    if (number !== MAP_KEY && number !== MAP_VALUE) skip(reader, wireType)
    else if (wireType !== WireType.LengthDelimited) throw new Malformed()
    else if (number === MAP_KEY) key = readString(reader)
    else value = readValue(reader, field, undefined, depth)
  }
  if (reader.pos !== end) throw new Malformed()
  map[key] = value ?? (field.scalar === undefined ? {} : "")
}

const readScalar = (reader: BinaryReader, scalar: Scalar): unknown => {
  switch (scalar) {
    case "string":
      return readString(reader)
    case "bytes":
      return readBytes(reader)
    case "bool":
      return Number(readVarint(reader)) !== 0
    default:
      return readInteger(reader, scalar)
  }
}

/** Reads a length; where what has this length ends. */
const readEnd = (reader: BinaryReader): number => {
  const length = readVarint(reader)
  if (length > reader.len - reader.pos) throw new Malformed()
  return reader.pos + Number(length)
}

const readString = (reader: BinaryReader): string => {
  const start = reader.pos
  readEnd(reader)
  reader.pos = start
  return reader.string(true)
}

/** A copy: the frame's memory may be used again. */
const readBytes = (reader: BinaryReader): Uint8Array => {
  const start = reader.pos
  readEnd(reader)
  reader.pos = start
  return Buffer.from(reader.bytes())
}

type Integer = Exclude<Scalar, "string" | "bool" | "bytes">

const readInteger = (reader: BinaryReader, scalar: Integer): number => {
  const raw = readVarint(reader)
  const value = Number(
    scalar === "sint64"
      ? zigzag(BigInt(raw))
      : scalar === "int32" || scalar === "int64"
        ? BigInt.asIntN(64, BigInt(raw))
        : raw
  )
  const [min, max] = RANGE[scalar]
  if (value < min || value > max) throw new Malformed()
  return Math.min(value, MAX_EXACT)
}

const zigzag = (raw: bigint): bigint => (raw >> 1n) ^ -(raw & 1n)

/** Bytes of a varint that surely fits 32 bits. */
const SMALL_VARINT = 4
/** Bytes of the longest varint, and the first number that needs them. Where a smaller one comes out, bits were lost. */
const LONGEST_VARINT = 10
const FIRST_OF_LONGEST = 2n ** 63n

/** Reads a varint of up to 64 bits; a number where it is small. */
const readVarint = (reader: BinaryReader): number | bigint => {
  const start = reader.pos
  const low = reader.uint32()
  if (reader.pos - start <= SMALL_VARINT) return low
  reader.pos = start
  const value = BigInt(reader.uint64())
  if (reader.pos - start === LONGEST_VARINT && value < FIRST_OF_LONGEST) throw new Malformed()
  return value
}

// Writing.

/**
 * Writes one message. Left out are fields that are undefined or at zero; a message that is there is written also
 * when it is empty.
 */
export const encodeMessage = <T extends Fields>(fields: T, message: MessageOf<T>): Uint8Array =>
  write(tableOf(fields), message as AnyMessage)

/** A reply, without its length. With nothing in it, it is a ping. */
export const encodeReply = (reply: Reply): Uint8Array => write(replyTable, reply as AnyMessage)

/** A push by itself, without its length. */
export const encodePush = (push: Push): Uint8Array => write(pushTable, push as AnyMessage)

/** The message behind its length, as it stands in a frame. */
export const delimited = (message: Uint8Array): Uint8Array => {
  const writer = takeWriter()
  return finish(writer.bytes(message))
}

const write = (table: Table, message: AnyMessage): Uint8Array => {
  const writer = takeWriter()
  writeMessage(writer, table, message)
  return finish(writer)
}

/** Bytes of the longest message after which the writer's memory is kept for the next one. */
const MAX_KEPT = 65_536

/**
 * A writer with memory that has grown to the size of messages. Missing while it is in use, and after a message that
 * could not be written.
 */
let spareWriter: BinaryWriter | undefined

const takeWriter = (): BinaryWriter => {
  const writer = spareWriter ?? new BinaryWriter()
  spareWriter = undefined
  return writer
}

const finish = (writer: BinaryWriter): Uint8Array => {
  const bytes = writer.finish()
  if (bytes.length <= MAX_KEPT) spareWriter = writer
  return bytes
}

const writeMessage = (writer: BinaryWriter, table: Table, message: AnyMessage): void => {
  for (const name in message) {
    const field = table.byName.get(name)
    const value = message[name]
    if (field !== undefined && value !== undefined) writeField(writer, field, value)
  }
}

const writeField = (writer: BinaryWriter, field: TableField, value: unknown): void => {
  if (field.kind === "list") {
    for (const item of value as ReadonlyArray<unknown>) writeValue(writer, field, field.number, item)
  } else if (field.kind === "map") {
    for (const key of Object.keys(value as AnyMessage)) {
      writer.tag(field.number, WireType.LengthDelimited).fork()
      writer.tag(MAP_KEY, WireType.LengthDelimited).string(key)
      writeValue(writer, field, MAP_VALUE, (value as AnyMessage)[key])
      writer.join()
    }
  } else if (!isZero(value)) writeValue(writer, field, field.number, value)
}

const isZero = (value: unknown): boolean =>
  value === 0 || value === "" || value === false || (value instanceof Uint8Array && value.length === 0)

const writeValue = (writer: BinaryWriter, field: TableField, number: number, value: unknown): void => {
  switch (field.scalar) {
    case undefined:
      writer.tag(number, WireType.LengthDelimited).fork()
      writeMessage(writer, field.table, value as AnyMessage)
      writer.join()
      return
    case "string":
      writer.tag(number, WireType.LengthDelimited).string(value as string)
      return
    case "bytes":
      writer.tag(number, WireType.LengthDelimited).bytes(value as Uint8Array)
      return
    case "bool":
      writer.tag(number, WireType.Varint).bool(value as boolean)
      return
    default:
      writeInteger(writer.tag(number, WireType.Varint), field.scalar, value as number)
  }
}

const MAX_UINT32 = 0xffff_ffff

const writeInteger = (writer: BinaryWriter, scalar: Integer, value: number): void => {
  if (scalar === "sint64") writer.sint64(value)
  // The same bytes for every type but zigzag, without the detour over bigint.
  else if (value >= 0 && value <= MAX_UINT32) writer.uint32(value)
  else writer.int64(value)
}
