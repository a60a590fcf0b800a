/** How a message is wrapped for a kind of server, what its clients have to say before they hear anything, and how one publishes there. */
import { setImmediate as nextTurn } from "node:timers/promises"
import type { ClientSocket } from "clarion/client/ClientSocket"
import type { ApiPublisher, ChannelMessage } from "./ApiPublisher.ts"
import { channelName } from "./channelNames.ts"
import { connectCommands, isPing, isSubscribed, PONG, SEPARATOR } from "./clientProtocol.ts"

/** What publishing takes: the first of the clients, or the server API. */
export interface Publishing {
  readonly first: ClientSocket
  readonly api: ApiPublisher
}

export interface Dialect {
  readonly path: string
  /** Where the payload of a message begins. @param prefix of the channels' names */
  readonly payloadAt: (prefix: string) => number
  /** Where a message ends whose payload ends at `at`: the next one of the frame begins there, or the frame ends. -1: not what was sent. */
  readonly end: (bytes: Uint8Array, at: number) => number
  /** What a client says first, when its connection is open; undefined where it hears from then on. */
  readonly greeting: ((channel: string) => string) | undefined
  /** A message that is no publication came; true: this connection hears from now on. */
  readonly control: (socket: ClientSocket, text: Buffer, channel: string) => boolean
  readonly publish: (by: Publishing, messages: ReadonlyArray<ChannelMessage>) => Promise<void> | void
}

const endBehind =
  (suffix: string): Dialect["end"] =>
  (bytes, at) =>
    at + suffix.length === bytes.length ? bytes.length : -1

/** What one client sends, all hear as it is. @param quote stands around the payload */
const plain = (quote: string): Dialect => ({
  path: "/",
  payloadAt: () => quote.length,
  end: endBehind(quote),
  greeting: undefined,
  control: () => false,
  publish: ({ first }, messages) => {
    for (const { payload } of messages) first.sendText(quote + payload + quote)
  }
})

/** Socket.IO 5 in Engine.IO 4: `0{…}` open, `40` connect and `40{…}` its answer, `2` ping, `3` pong, `42[…]` event. */
const socketIoControl = (socket: ClientSocket, text: Buffer): boolean => {
  const packet = text.toString("latin1", 0, 3)
  if (packet.startsWith("0{")) socket.sendText("40")
  else if (packet === "2") socket.sendText("3")
  return packet === "40{"
}

const [EVENT_HEAD, EVENT_END] = ['42["m","', '"]']

const socketIo: Dialect = {
  path: "/socket.io/?EIO=4&transport=websocket",
  payloadAt: () => EVENT_HEAD.length,
  end: endBehind(EVENT_END),
  greeting: () => "",
  control: socketIoControl,
  publish: ({ first }, messages) => {
    for (const { payload } of messages) first.sendText(EVENT_HEAD + payload + EVENT_END)
  }
}

/** Sends when there is room for it. */
const sendWithRoom = async (socket: ClientSocket, text: string): Promise<void> => {
  while (socket.state === "open" && !socket.sendText(text)) await nextTurn()
}

const PUBLICATIONS_A_MESSAGE = 1000

/** Several publications in one message, as the server API takes them in one request. */
const sendMany = async (
  { first }: Publishing,
  messages: ReadonlyArray<ChannelMessage>,
  text: (messages: ReadonlyArray<ChannelMessage>) => string
): Promise<void> => {
  for (let at = 0; at < messages.length; at += PUBLICATIONS_A_MESSAGE)
    await sendWithRoom(first, text(messages.slice(at, at + PUBLICATIONS_A_MESSAGE)))
}

/** Of a hub that has rooms: bench/servers/socketIoRooms.ts. */
const socketIoRooms: Dialect = {
  ...socketIo,
  control: (socket, text, channel) => {
    if (socketIoControl(socket, text)) socket.sendText(`42["join","${channel}"]`)
    return text.toString("latin1", 0, 10) === '42["joined'
  },
  publish: (by, messages) =>
    sendMany(by, messages, (some) => `42["publish",${JSON.stringify(some.map(pair))}]`)
}

const pair = ({ channel, payload }: ChannelMessage) => [channel, payload]

/** Of a hub that has topics: bench/servers/uwsTopics.ts. A client's first message is its topic. */
const uwsTopics: Dialect = {
  ...plain('"'),
  greeting: (channel) => channel,
  control: (_, text) => text.toString("latin1") === "subscribed",
  publish: (by, messages) =>
    sendMany(by, messages, (some) => some.map(({ channel, payload }) => `${channel} "${payload}"`).join("\n"))
}

/** The client protocol of Clarion, in JSON; published through the server API. */
const channels: Dialect = {
  path: "/connection/websocket",
  payloadAt: (prefix) => `{"push":{"channel":"${channelName(prefix, 0)}","pub":{"data":"`.length,
  end: (bytes, at) => {
    let end = at
    while (end < bytes.length && bytes[end] !== SEPARATOR) end++
    return end + 1
  },
  greeting: (channel) => connectCommands(channel),
  control: (socket, text) => {
    if (isPing(text)) socket.sendText(PONG)
    return isSubscribed(text)
  },
  publish: ({ api }, messages) => api.publish(messages)
}

export const dialects = { raw: plain(""), rawJson: plain('"'), socketIo, socketIoRooms, uwsTopics, channels }
export type DialectName = keyof typeof dialects
