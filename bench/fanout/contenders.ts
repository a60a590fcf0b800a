/** The servers that are compared. */
import { compile } from "../support/compile.ts"
import {
  bare,
  type Contender,
  clarionCommand,
  clarionSays,
  LISTENING,
  type TransportName
} from "../support/contender.ts"

const clarion = (transport: TransportName): Contender => ({
  title: `Clarion on ${transport}`,
  dialect: "raw",
  command: (folder) => clarionCommand(transport, folder, { "raw.onMessage": "broadcast" }),
  says: clarionSays(transport)
})

export const contenders = {
  "clarion-uws": clarion("uws"),
  "clarion-ws": clarion("ws"),
  "uws-publish": bare("bare uWS, publish", "raw", "uwsHub.js", "publish"),
  "uws-loop": bare("bare uWS, send loop", "raw", "uwsHub.js", "loop"),
  "ws-loop": bare("bare ws, send loop", "raw", "wsHub.js"),
  "socket.io": bare("Socket.IO 4", "socketIo", "socketIoHub.js"),
  floor: {
    title: "C floor",
    dialect: "raw",
    command: (folder) => [compile("floor", folder)],
    says: LISTENING
  }
} as const satisfies Record<string, Contender>

export type ContenderName = keyof typeof contenders
export const contenderNames = Object.keys(contenders) as ReadonlyArray<ContenderName>
