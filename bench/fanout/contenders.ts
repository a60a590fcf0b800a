/** The servers that are compared: how each is started, and what it says when it listens. */
import { join } from "node:path"
import { compile } from "../support/compile.ts"
import { root } from "../support/results.ts"
import type { DialectName } from "./dialects.ts"

/** The key of the API of Clarion's servers under measurement. */
export const API_KEY = "bench"

export interface Contender {
  readonly title: string
  readonly dialect: DialectName
  /** Prepares what has to be prepared and returns the command. @param folder for files of this run */
  readonly command: (folder: string) => ReadonlyArray<string>
  /** Its first group is the port. */
  readonly says: RegExp
}

const node = (file: string, ...args: ReadonlyArray<string>) => [
  process.execPath,
  join(root, "dist", file),
  ...args
]
const LISTENING = /listening on (\d+)/

const clarion = (transport: "uws" | "ws"): Contender => ({
  title: `Clarion on ${transport}`,
  dialect: "raw",
  command: (folder) => [
    ...node("server.js", "--server.transport", transport, "--server.ip", "127.0.0.1", "--server.port", "0"),
    ...[
      "--raw.onMessage",
      "broadcast",
      "--auth.apiKey",
      API_KEY,
      "--store.path",
      folder,
      "--log.format",
      "json"
    ]
  ],
  // It would fall back to ws without a binary that fits.
  says: new RegExp(`serving on ws://127\\.0\\.0\\.1:(\\d+) over ${transport},`)
})

const bare = (title: string, file: string, ...args: ReadonlyArray<string>): Contender => ({
  title,
  dialect: "raw",
  command: () => node(join("bench", "servers", file), ...args),
  says: LISTENING
})

export const contenders = {
  "clarion-uws": clarion("uws"),
  "clarion-ws": clarion("ws"),
  "uws-publish": bare("bare uWS, publish", "uwsHub.js", "publish"),
  "uws-loop": bare("bare uWS, send loop", "uwsHub.js", "loop"),
  "ws-loop": bare("bare ws, send loop", "wsHub.js"),
  "socket.io": { ...bare("Socket.IO 4", "socketIoHub.js"), dialect: "socketIo" },
  floor: {
    title: "C floor",
    dialect: "raw",
    command: (folder) => [compile("floor", folder)],
    says: LISTENING
  }
} as const satisfies Record<string, Contender>

export type ContenderName = keyof typeof contenders
export const contenderNames = Object.keys(contenders) as ReadonlyArray<ContenderName>
