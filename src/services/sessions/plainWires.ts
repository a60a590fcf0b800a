/**
 * How clients without an SDK read channels: a raw WebSocket gets the data alone, an EventSource the data as events whose ids say where to
 * go on from.
 */
import { isUtf8 } from "node:buffer"
import { compactNewlines } from "../../protocol/rawJson.ts"
import type { ChannelEvent } from "../hot/ChannelEvent.ts"
import type { Frame } from "../hot/Publication.ts"
import type { Encoded, Joined, Wire } from "../hot/Wire.ts"
import { FIRST_PLAIN_WIRE } from "./wires.ts"

const QUOTE = 0x22

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

const apart = (frames: ReadonlyArray<Frame>): ReadonlyArray<Joined> =>
  frames.map((frame) => ({ frame, count: 1 }))

export const rawWire: Wire = {
  index: FIRST_PLAIN_WIRE,
  isStream: false,
  encode: (event): Encoded => (event.kind === "publication" ? rawFrame(event) : undefined),
  join: apart
}

/** Every line of the data is a line of the event; what is not text travels as base64, as an event of the type "binary". */
const eventText = (id: string, data: Uint8Array): Buffer => {
  const isText = isUtf8(data)
  const text = isText ? Buffer.from(compactNewlines(data)).toString() : Buffer.from(data).toString("base64")
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return Buffer.from(`${id === "" ? "" : `id: ${id}\n`}${isText ? "" : "event: binary\n"}${lines.join("")}\n`)
}

/** @param id says where to go on from, after this event; "" for a channel without history */
export const eventFrame = ({ data }: Pick<ChannelEvent, "data">, id: string): Frame => ({
  data: eventText(id, data),
  isBinary: false
})

/** "epoch:offset" */
export const positionId = (epoch: string, offset: number): string =>
  offset === 0 ? "" : `${epoch}:${offset}`

/** For an EventSource of one channel, whose position is the event's own. */
export const eventsWire: Wire = {
  index: FIRST_PLAIN_WIRE + 1,
  isStream: true,
  encode: (event): Encoded =>
    event.kind === "publication"
      ? eventFrame(event, positionId(event.epoch, event.publication.offset))
      : undefined,
  join: (frames) => [
    { frame: { data: Buffer.concat(frames.map(({ data }) => data)), isBinary: false }, count: frames.length }
  ]
}
