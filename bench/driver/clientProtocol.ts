/** The client protocol of Clarion, as far as a load client has to speak it: JSON over WebSocket, one channel for each connection. */

export const PONG = "{}"
/** Stands between two messages of a frame: a newline. */
export const SEPARATOR = 0x0a

/** Where a client stands in its channel. */
export interface Position {
  readonly offset: number
  readonly epoch: string
}

/** Connects and subscribes; with a position, recovers what came after it. */
export const connectCommands = (channel: string, since?: Position): string => {
  const recover = since && { recover: true, offset: since.offset, epoch: since.epoch }
  return `{"id":1,"connect":{}}\n${JSON.stringify({ id: 2, subscribe: { channel, ...recover } })}`
}

export const isPing = (text: Buffer): boolean => text.length === PONG.length

const SUBSCRIBED = Buffer.from('{"id":2,"subscribe":{')

/** Whether the frame holds the answer to the subscribe command. */
export const isSubscribed = (text: Buffer): boolean => text.includes(SUBSCRIBED)

/** The position in the answer to a subscribe command; undefined where the channel has none. */
export const positionIn = (text: Buffer): Position | undefined => {
  const answer = text.toString("utf8", text.indexOf(SUBSCRIBED))
  const epoch = /"epoch":"(\w+)"/.exec(answer)?.[1]
  return epoch === undefined ? undefined : { epoch, offset: Number(/"offset":(\d+)/.exec(answer)?.[1] ?? 0) }
}
