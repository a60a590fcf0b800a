/** How a message is wrapped for a kind of server, and what its clients have to say before they hear anything. */
import type { ClientSocket } from "clarion/client/ClientSocket"

export interface Dialect {
  readonly path: string
  /** What stands before and behind the payload, in both directions. */
  readonly prefix: string
  readonly suffix: string
  /** Whether a connection hears from when it is open, or only after a greeting. */
  readonly greets: boolean
  /** A message that is no broadcast came; true: this connection hears from now on. */
  readonly control: (socket: ClientSocket, text: Buffer) => boolean
}

const raw: Dialect = { path: "/", prefix: "", suffix: "", greets: false, control: () => false }

/** Socket.IO 5 in Engine.IO 4: `0{…}` open, `40` connect and `40{…}` its answer, `2` ping, `3` pong, `42[…]` event. */
const socketIo: Dialect = {
  path: "/socket.io/?EIO=4&transport=websocket",
  prefix: '42["m","',
  suffix: '"]',
  greets: true,
  control: (socket, text) => {
    const packet = text.toString("latin1", 0, 3)
    if (packet.startsWith("0{")) socket.sendText("40")
    else if (packet === "2") socket.sendText("3")
    return packet === "40{"
  }
}

export const dialects = { raw, socketIo }
export type DialectName = keyof typeof dialects
