/** How clients acknowledge: a raw WebSocket by the text frame `{"ack":"<id>"}`, an SDK by the RPC method `ack` with the data `{"id":"<id>"}`. */
import type { ConnectionOwner } from "../hot/Connection.ts"
import type { AckDesk } from "./AckDesk.ts"

/** Name of the RPC method. */
export const ACK_METHOD = "ack"

/** Bytes of a frame that may be one: an id of 255 characters, all of them escaped, and some white space. */
const MAX_BYTES = 2048
const OPEN_BRACE = 0x7b

/** The text that an object has as its only member, of this name; undefined where the bytes are anything else. */
const onlyMember = (data: Uint8Array, name: string): string | undefined => {
  if (data.length > MAX_BYTES || data[0] !== OPEN_BRACE) return undefined
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString()
  if (!text.includes(`"${name}"`)) return undefined
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>>
    const id = value[name]
    return typeof id === "string" && Object.keys(value).length === 1 ? id : undefined
  } catch {
    return undefined
  }
}

/** The id that a text frame acknowledges. */
export const acknowledgedBy = (frame: Uint8Array): string | undefined => onlyMember(frame, "ack")

/** The id in the data of the RPC. */
export const acknowledgedId = (data: Uint8Array | undefined): string | undefined =>
  data === undefined ? undefined : onlyMember(data, "id")

/** Takes the acknowledgements among the messages of raw clients, known or not; all others go on. */
export const acknowledging =
  (desk: AckDesk, next: ConnectionOwner["message"]): ConnectionOwner["message"] =>
  (connection, data, isBinary) => {
    const id = isBinary ? undefined : acknowledgedBy(data)
    if (id === undefined) next(connection, data, isBinary)
    else desk.take(connection, id)
  }
