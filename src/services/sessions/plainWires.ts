/**
 * How clients without an SDK read channels: a raw WebSocket gets the data alone, an EventSource the data as events whose ids say where to
 * go on from.
 */
import { isUtf8 } from "node:buffer"
import type { ChannelEvent } from "../hot/ChannelEvent.ts"
import type { Frame } from "../hot/Publication.ts"
import type { Encoded, Joined } from "../hot/Wire.ts"
import { formatPosition } from "./since.ts"
import { FIRST_PLAIN_WIRE, type SessionWire } from "./wires.ts"

const QUOTE = 0x22
const NOTHING = new Uint8Array()

/** Nothing but publications is told, and what the client sends is ignored. */
const plain = {
  format: "json",
  isUnidirectional: true,
  isBinary: false,
  isPlain: true,
  reply: () => NOTHING,
  push: () => NOTHING,
  combine: (messages: ReadonlyArray<Uint8Array>) => messages,
  decode: () => []
} as const

/** A JSON string as its characters; everything else as it is, in a text frame where it is text. */
export const rawFrame = ({ data }: Pick<ChannelEvent, "data">): Frame => {
  if (data[0] === QUOTE && isUtf8(data)) {
    try {
      const text: unknown = JSON.parse(Buffer.from(data).toString())
      if (typeof text === "string") return { data: Buffer.from(text), isBinary: false }
    } catch {
      // It only begins like a JSON string.
    }
  }
  return { data, isBinary: !isUtf8(data) }
}

export const rawSessionWire: SessionWire = {
  ...plain,
  index: FIRST_PLAIN_WIRE,
  isStream: false,
  hasCloseFrames: true,
  ping: NOTHING,
  encode: (event): Encoded => (event.kind === "publication" ? rawFrame(event) : undefined),
  join: (frames): ReadonlyArray<Joined> => frames.map((frame) => ({ frame, count: 1 }))
}

/** The line that says where to go on from; an EventSource keeps the last one. @param id "" for none */
export const idLine = (id: string): string => (id === "" ? "" : `id: ${id}\n`)

/** @param type "" for a message */
export const eventText = (id: string, type: string, data: string): string => {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `${idLine(id)}${type === "" ? "" : `event: ${type}\n`}${lines.join("")}\n`
}

/** Every line of the data is a line of the event; what is not text travels as base64, as an event of the type "binary". */
const publicationText = (id: string, data: Uint8Array): Buffer => {
  const text = Buffer.from(data)
  return Buffer.from(
    isUtf8(data) ? eventText(id, "", text.toString()) : eventText(id, "binary", text.toString("base64"))
  )
}

/** @param idOf where to go on from after this event; "" where nothing can be recovered, or the session writes the id */
const eventsWire = (index: number, idOf: (event: ChannelEvent) => string): SessionWire => ({
  ...plain,
  index,
  isStream: true,
  hasCloseFrames: false,
  // A comment, which no EventSource tells its page about.
  ping: Buffer.from(":\n\n"),
  encode: (event): Encoded =>
    event.kind === "publication"
      ? { data: publicationText(idOf(event), event.data), isBinary: false }
      : undefined,
  join: (frames): ReadonlyArray<Joined> => [
    { frame: { data: Buffer.concat(frames.map(({ data }) => data)), isBinary: false }, count: frames.length }
  ]
})

/** For an EventSource of one channel, whose position is the event's own. */
export const oneEventsWire = eventsWire(FIRST_PLAIN_WIRE + 1, ({ epoch, publication: { offset } }) =>
  offset === 0 ? "" : formatPosition({ epoch, offset })
)

/** For one of several channels, whose session writes the ids. */
export const manyEventsWire = eventsWire(FIRST_PLAIN_WIRE + 2, () => "")
