/**
 * The JSON form of the client protocol: one message a line. What is not valid reads as undefined, without a throw.
 *
 * Payloads (`bytes` fields) are never parsed: their source text is cut out on the way in and spliced in on the way out.
 */
import { isUtf8 } from "node:buffer"
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, JsonCursor, OPEN_BRACE, OPEN_BRACKET } from "../jsonCursor.ts"
import { compactNewlines, isJsonText } from "../rawJson.ts"
import { utf8Text } from "../utf8.ts"
import { type Fields, type MessageOf, type Scalar, string } from "./fields.ts"
import {
  type Command,
  CommandFields,
  type ConnectRequest,
  ConnectRequestFields,
  EmulationRequestFields,
  type Push,
  PushFields,
  type Reply,
  ReplyFields
} from "./messages.ts"
import {
  type AnyMessage,
  emptyMap,
  isEmptyMap,
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

// Reading.

/**
 * Reads one message. Unknown members are passed over, of duplicate members the last counts. `null` reads as absent,
 * but not in a bytes field, where it is a payload; so does "". Undefined for anything else than such an object: broken
 * JSON, a wrong type, a number out of range or with a fraction.
 */
export const decodeMessage = <T extends Fields>(fields: T, text: string): MessageOf<T> | undefined => {
  const cursor = new JsonCursor(text)
  const message = readMessage(cursor, tableOf(fields), 1)
  return message !== undefined && cursor.isAtEnd() ? (message as MessageOf<T>) : undefined
}

/**
 * Reads a frame: a command on each line, at least one. One newline may follow the last. Undefined when one of them
 * is not valid. A command with nothing in it is a pong.
 */
export const decodeCommands = (frame: string): ReadonlyArray<Command> | undefined => {
  const cursor = new JsonCursor(frame)
  const commands: Array<Command> = []
  let lineStart = 0
  do {
    const lineEnd = endOfLine(frame, lineStart)
    cursor.at = lineStart
    const command = readMessage(cursor, commandTable, 1)
    if (command === undefined || cursor.at > lineEnd) return undefined
    // Only whitespace may be left of the line.
    cursor.next()
    if (cursor.at < lineEnd) return undefined
    commands.push(command as Command)
    lineStart = lineEnd + 1
  } while (lineStart < frame.length)
  return commands
}

const endOfLine = (text: string, from: number): number => {
  const newline = text.indexOf("\n", from)
  return newline < 0 ? text.length : newline
}

/** Reads what a unidirectional client says of itself; `null` is an empty request. */
export const decodeConnectRequest = (text: string): ConnectRequest | undefined => {
  const cursor = new JsonCursor(text)
  cursor.next()
  return cursor.skipWord("null") && cursor.isAtEnd() ? {} : decodeMessage(ConnectRequestFields, text)
}

/** What an emulation request carries; what it leaves out is empty. `data` is a frame of commands. */
export interface Emulation {
  readonly node: string
  readonly session: string
  readonly data: Uint8Array
}

const EmulationJsonFields = { ...EmulationRequestFields, data: string(3) }

/** Reads an emulation request, whose `data` is a frame of commands as one JSON string. */
export const decodeEmulation = (text: string): Emulation | undefined => {
  const request = decodeMessage(EmulationJsonFields, text)
  if (request === undefined) return undefined
  const { node = "", session = "", data = "" } = request
  return { node, session, data: Buffer.from(data) }
}

const readMessage = (cursor: JsonCursor, table: Table, depth: number): AnyMessage | undefined => {
  if (depth > MAX_DEPTH || !cursor.take(OPEN_BRACE)) return undefined
  const message: AnyMessage = {}
  if (cursor.take(CLOSE_BRACE)) return message
  do {
    if (!cursor.skipKey()) return undefined
    const field = cursor.isKeyEscaped
      ? table.byJson(cursor.key())
      : table.at(cursor.text, cursor.keyStart, cursor.keyEnd)
    if (field === undefined ? !cursor.skipValue() : !readField(cursor, field, message, depth))
      return undefined
  } while (cursor.take(COMMA))
  return cursor.take(CLOSE_BRACE) ? message : undefined
}

/** Reads the value of a field into the message. */
const readField = (cursor: JsonCursor, field: TableField, message: AnyMessage, depth: number): boolean => {
  cursor.next()
  if (cursor.text.charCodeAt(cursor.at) === 0x6e && field.scalar !== "bytes" && cursor.skipWord("null")) {
    if (field.name in message) message[field.name] = undefined
    return true
  }
  const value =
    field.kind === "list"
      ? readList(cursor, field, depth)
      : field.kind === "map"
        ? readMap(cursor, field, depth)
        : readValue(cursor, field, depth)
  if (value === undefined) return false
  // Zero is absent. Whether another zero than this one is there, nobody asks.
  if (value !== "") message[field.name] = value
  else if (field.name in message) message[field.name] = undefined
  return true
}

const readList = (cursor: JsonCursor, field: TableField, depth: number): Array<unknown> | undefined => {
  if (!cursor.take(OPEN_BRACKET)) return undefined
  const list: Array<unknown> = []
  if (cursor.take(CLOSE_BRACKET)) return list
  do {
    const value = readValue(cursor, field, depth)
    if (value === undefined) return undefined
    list.push(value)
  } while (cursor.take(COMMA))
  return cursor.take(CLOSE_BRACKET) ? list : undefined
}

const readMap = (cursor: JsonCursor, field: TableField, depth: number): AnyMessage | undefined => {
  if (!cursor.take(OPEN_BRACE)) return undefined
  const map = emptyMap()
  if (cursor.take(CLOSE_BRACE)) return map
  do {
    if (!cursor.skipKey()) return undefined
    const key = cursor.key()
    const value = readValue(cursor, field, depth)
    if (value === undefined) return undefined
    map[key] = value
  } while (cursor.take(COMMA))
  return cursor.take(CLOSE_BRACE) ? map : undefined
}

/** One value of a field: its only one, or one of a list or map. */
const readValue = (cursor: JsonCursor, field: TableField, depth: number): unknown =>
  field.scalar === undefined ? readMessage(cursor, field.table, depth + 1) : readScalar(cursor, field.scalar)

const readScalar = (cursor: JsonCursor, scalar: Scalar): unknown => {
  switch (scalar) {
    case "string":
      return cursor.readString()
    case "bytes":
      return readBytes(cursor)
    case "bool":
      return cursor.readBoolean()
    default:
      return readInteger(cursor, RANGE[scalar])
  }
}

const readInteger = (cursor: JsonCursor, [min, max]: readonly [number, number]): number | undefined => {
  const value = cursor.readInteger(min, max)
  return value === undefined ? undefined : Math.min(value, MAX_EXACT)
}

/** A payload: the source text of a value of any type, without raw newlines, which would end the line it is sent on. */
const readBytes = (cursor: JsonCursor): Uint8Array | undefined => {
  cursor.next()
  const start = cursor.at
  const text = cursor.readRaw()
  if (text === undefined) return undefined
  const raw = Buffer.from(text)
  return cursor.lastNewline > start ? compactNewlines(raw) : raw
}

// Writing.

/**
 * Writes one message. Left out are fields that are undefined or at zero (also empty lists and maps), unless the
 * table says `always`; a message that is there is written also when it is empty.
 */
export const encodeMessage = <T extends Fields>(fields: T, message: MessageOf<T>): string =>
  writeMessage(tableOf(fields), message as AnyMessage)

/** A reply, without a newline behind it. With nothing in it, it is a ping. */
export const encodeReply = (reply: Reply): string => writeMessage(replyTable, reply as AnyMessage)

/** A push as unidirectional transports send it: not inside of a reply. */
export const encodePush = (push: Push): string => writeMessage(pushTable, push as AnyMessage)

const writeMessage = (table: Table, message: AnyMessage): string => {
  let text = "{"
  // Of a table's fields a message has few: those are gone through, in their order.
  for (const name in message) {
    const field = table.byName.get(name)
    const value = message[name]
    if (field === undefined || value === undefined || (!field.isAlways && isZero(field, value))) continue
    if (text.length > 1) text += ","
    text += field.jsonKey + writeField(field, value)
  }
  for (const field of table.always) {
    if (message[field.name] !== undefined) continue
    if (text.length > 1) text += ","
    text += field.jsonKey + zeroOf(field)
  }
  return `${text}}`
}

const isZero = (field: TableField, value: unknown): boolean => {
  if (field.kind === "list") return (value as ReadonlyArray<unknown>).length === 0
  if (field.kind === "map") return isEmptyMap(value as AnyMessage)
  if (field.scalar === "bytes") return (value as Uint8Array).length === 0
  return value === 0 || value === "" || value === false
}

const zeroOf = (field: TableField): string => {
  if (field.kind === "list") return "[]"
  if (field.kind === "map" || field.scalar === undefined) return "{}"
  return ZERO[field.scalar] ?? "0"
}

const ZERO: { readonly [K in Scalar]?: string } = { string: '""', bool: "false", bytes: "null" }

const writeField = (field: TableField, value: unknown): string => {
  switch (field.kind) {
    case "list":
      return `[${(value as ReadonlyArray<unknown>).map((item) => writeValue(field, item)).join(",")}]`
    case "map":
      return writeMap(field, value as AnyMessage)
    default:
      return writeValue(field, value)
  }
}

const writeMap = (field: TableField, map: AnyMessage): string =>
  `{${Object.keys(map)
    .map((key) => `${writeString(key)}:${writeValue(field, map[key])}`)
    .join(",")}}`

const writeValue = (field: TableField, value: unknown): string => {
  switch (field.scalar) {
    case undefined:
      return writeMessage(field.table, value as AnyMessage)
    case "string":
      return writeString(value as string)
    case "bytes":
      return writeBytes(value as Uint8Array)
    default:
      return String(value)
  }
}

/** Text that needs no escape in JSON. Surrogates are left to JSON.stringify, which escapes lone ones. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

const writeString = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

const writeBytes = (bytes: Uint8Array): string => (bytes.length === 0 ? "null" : utf8Text(bytes))

/** The text that these bytes are in UTF-8 as a JSON string; undefined when they are not UTF-8. */
export const jsonString = (bytes: Uint8Array): Uint8Array | undefined =>
  isUtf8(bytes) ? Buffer.from(writeString(utf8Text(bytes))) : undefined

/** Whether these bytes are one JSON value in UTF-8: what a JSON client can get as payload. */
export const isJson = (bytes: Uint8Array): boolean => isUtf8(bytes) && isJsonText(utf8Text(bytes))
