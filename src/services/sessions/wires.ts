/**
 * The encodings of the client protocol, one object for each transport and format. A message is what one reply or push becomes; several messages
 * go out in one frame, where the transport lets them.
 */
import { isUtf8 } from "node:buffer"
import * as Json from "../../protocol/centrifuge/json.ts"
import type { ClientInfo, Command, Push, Reply, WirePublication } from "../../protocol/centrifuge/messages.ts"
import * as Protobuf from "../../protocol/centrifuge/protobuf.ts"
import { compactNewlines } from "../../protocol/rawJson.ts"
import { utf8Text } from "../../protocol/utf8.ts"
import type { ChannelEvent, ChannelPublication } from "../hot/ChannelEvent.ts"
import type { Frame } from "../hot/Publication.ts"
import { type Encoded, type Joined, UNFIT, type Wire } from "../hot/Wire.ts"

/** Messages that stand in one frame at most, as with Centrifugo. */
const MAX_JOINED = 16

export interface SessionWire extends Wire {
  readonly format: "json" | "protobuf"
  /** The server pushes and the client says nothing but its connect request. */
  readonly isUnidirectional: boolean
  /** The transport tells the client itself why it ends; elsewhere a push does. */
  readonly hasCloseFrames: boolean
  readonly isBinary: boolean
  reply(reply: Reply): Uint8Array
  push(push: Push): Uint8Array
  readonly ping: Uint8Array
  /** Messages in as few frames as may be. */
  combine(messages: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array>
  /** Of clients without an SDK: only publications are written, and nobody is told what else happens. */
  readonly isPlain: boolean
  /** Undefined: not the protocol. */
  decode(frame: Uint8Array): ReadonlyArray<Command> | undefined
}

/** Bytes from which a payload is looked at once: those of a history are read again and again. To remember smaller ones costs more. */
const LONG = 1024
/** Long payloads that were looked at before; null is not JSON. */
const longPayloads = new WeakMap<Uint8Array, Uint8Array | null>()

const oneLine = (data: Uint8Array): Uint8Array | undefined =>
  Json.isJson(data) ? compactNewlines(data) : undefined

/** The payload as a field of a message in this format; undefined where the format cannot carry it. */
const payload = (format: SessionWire["format"], data: Uint8Array): Uint8Array | undefined => {
  if (format === "protobuf") return data
  if (data.length < LONG) return oneLine(data)
  const known = longPayloads.get(data)
  if (known !== undefined) return known ?? undefined
  const line = oneLine(data)
  longPayloads.set(data, line ?? null)
  return line
}

/** A payload for a subscriber who agreed to deltas: in JSON, a string that holds it. */
const deltaPayload = (format: SessionWire["format"], data: Uint8Array): Uint8Array | undefined =>
  format === "protobuf" ? data : Json.jsonString(data)

/**
 * A publication as a message has it. Undefined where the format cannot carry it.
 *
 * @param patch written instead of the payload, if this format can carry it
 */
export const wirePublication = (
  format: SessionWire["format"],
  { data, info, offset, tags }: ChannelPublication,
  isDelta: boolean,
  patch: Uint8Array | undefined
): WirePublication | undefined => {
  // The text of a patch for JSON clients has to be text, which one that cuts a character in two is not.
  const usesPatch = isDelta && patch !== undefined && (format === "protobuf" || isUtf8(patch))
  const written = isDelta ? deltaPayload(format, usesPatch ? patch : data) : payload(format, data)
  return written === undefined ? undefined : { data: written, info, offset, tags, delta: usesPatch }
}

/** What a channel's event is as a push; undefined where the format cannot carry it. */
const pushOf = (
  format: SessionWire["format"],
  { kind, channel, publication, epoch }: ChannelEvent,
  isDelta: boolean,
  patch: Uint8Array | undefined
): Push | undefined => {
  if (kind !== "publication") return { channel, [kind]: { info: publication.info as ClientInfo } }
  const pub = wirePublication(format, publication, isDelta, patch)
  return pub && { channel, pub: publication.offset === 1 ? { ...pub, epoch } : pub }
}

interface Shape {
  readonly index: number
  readonly format: SessionWire["format"]
  readonly isStream?: boolean
  readonly isUnidirectional?: boolean
  readonly hasCloseFrames?: boolean
  /** What makes a message out of the bytes of a reply or push. */
  readonly wrap: (bytes: Uint8Array) => Uint8Array
  /** What stands between two messages of a frame; undefined: each has a frame of its own. */
  readonly separator: Uint8Array | undefined
}

const NOTHING = new Uint8Array()
const NEWLINE = Buffer.from("\n")

const concat = (messages: ReadonlyArray<Uint8Array>, separator: Uint8Array): Uint8Array => {
  if (messages.length === 1) return messages[0]!
  if (separator.length === 0) return Buffer.concat(messages)
  return Buffer.concat(messages.flatMap((message, i) => (i === 0 ? [message] : [separator, message])))
}

const groups = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  if (all.length <= MAX_JOINED) return [all]
  const found: Array<ReadonlyArray<A>> = []
  for (let at = 0; at < all.length; at += MAX_JOINED) found.push(all.slice(at, at + MAX_JOINED))
  return found
}

const joinFrames = (frames: ReadonlyArray<Frame>, separator: Uint8Array): Frame =>
  frames.length === 1
    ? frames[0]!
    : {
        data: concat(
          frames.map(({ data }) => data),
          separator
        ),
        isBinary: frames[0]!.isBinary
      }

/** All that the client of a unidirectional transport says. */
export const connectCommand = (text: string): ReadonlyArray<Command> | undefined => {
  const connect = Json.decodeConnectRequest(text)
  return connect && [{ id: 1, connect }]
}

const makeWire = ({
  index,
  format,
  isStream = false,
  isUnidirectional = false,
  hasCloseFrames = false,
  wrap,
  separator
}: Shape): SessionWire => {
  const isBinary = format === "protobuf"
  const reply = (message: Reply): Uint8Array =>
    wrap(isBinary ? Protobuf.encodeReply(message) : Buffer.from(Json.encodeReply(message)))
  const push = (message: Push): Uint8Array =>
    isUnidirectional ? wrap(Buffer.from(Json.encodePush(message))) : reply({ push: message })
  return {
    index,
    format,
    isStream,
    isUnidirectional,
    hasCloseFrames,
    isBinary,
    isPlain: false,
    reply,
    push,
    ping: wrap(isBinary ? NOTHING : Buffer.from("{}")),
    combine: (messages) =>
      separator === undefined ? messages : groups(messages).map((group) => concat(group, separator)),
    decode: (frame) => {
      if (isBinary) return Protobuf.decodeCommands(frame)
      if (!isUtf8(frame)) return undefined
      return isUnidirectional ? connectCommand(utf8Text(frame)) : Json.decodeCommands(utf8Text(frame))
    },
    encode: (event, isDelta, patch): Encoded => {
      const message = pushOf(format, event, isDelta, patch)
      return message === undefined ? UNFIT : { data: push(message), isBinary }
    },
    join: (frames): ReadonlyArray<Joined> =>
      separator === undefined
        ? frames.map((frame) => ({ frame, count: 1 }))
        : groups(frames).map((group) => ({ frame: joinFrames(group, separator), count: group.length }))
  }
}

const asIs = (bytes: Uint8Array): Uint8Array => bytes
const line = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, NEWLINE])
const serverSentEvent = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from("data: "), bytes, Buffer.from("\n\n")])

const uniWebsocket = { format: "json", isUnidirectional: true, hasCloseFrames: true, wrap: asIs } as const
const stream = { format: "json", isStream: true, separator: NOTHING } as const

/** Every wire has a number of its own; those of connections without an SDK begin at `FIRST_PLAIN_WIRE`. */
export const wires = {
  websocketJson: makeWire({ index: 0, format: "json", wrap: asIs, separator: NEWLINE, hasCloseFrames: true }),
  websocketProtobuf: makeWire({
    index: 1,
    format: "protobuf",
    wrap: Protobuf.delimited,
    separator: NOTHING,
    hasCloseFrames: true
  }),
  sse: makeWire({ ...stream, index: 2, wrap: serverSentEvent }),
  httpStreamJson: makeWire({ ...stream, index: 3, wrap: line }),
  httpStreamProtobuf: makeWire({ ...stream, index: 4, format: "protobuf", wrap: Protobuf.delimited }),
  uniWebsocket: makeWire({ ...uniWebsocket, index: 5, separator: undefined }),
  uniWebsocketJoined: makeWire({ ...uniWebsocket, index: 6, separator: NEWLINE }),
  uniSse: makeWire({ ...stream, index: 7, isUnidirectional: true, wrap: serverSentEvent }),
  uniHttpStream: makeWire({ ...stream, index: 8, isUnidirectional: true, wrap: line })
} as const

export const FIRST_PLAIN_WIRE = 9
