/** The servers that are compared: how each is started, and what it says when it listens. */
import { join } from "node:path"
import type { DialectName } from "../driver/dialects.ts"
import { API_KEY } from "./apiKey.ts"
import { root } from "./results.ts"

export interface Contender {
  readonly title: string
  readonly dialect: DialectName
  /** Prepares what has to be prepared and returns the command. @param folder for files of this run */
  readonly command: (folder: string) => ReadonlyArray<string>
  /** Its first group is the port. */
  readonly says: RegExp
}

export type TransportName = "uws" | "ws"

/** Of the servers in bench/servers. */
export const LISTENING = /listening on (\d+)/

const node = (flags: ReadonlyArray<string>, file: string, ...args: ReadonlyArray<string>) => [
  process.execPath,
  ...flags,
  join(root, "dist", file),
  ...args
]

/** The server as it is shipped. @param flags of Node */
export const clarionCommand = (
  transport: TransportName,
  folder: string,
  settings: Readonly<Record<string, string>>,
  flags: ReadonlyArray<string> = []
): ReadonlyArray<string> => {
  const all = {
    ...{ "server.transport": transport, "server.ip": "127.0.0.1", "server.port": "0" },
    ...{ "auth.apiKey": API_KEY, "store.path": folder, "log.format": "json" },
    ...settings
  }
  return node(flags, "server.js", ...Object.entries(all).flatMap(([key, value]) => [`--${key}`, value]))
}

/** It would fall back to ws without a binary that fits. */
export const clarionSays = (transport: TransportName): RegExp =>
  new RegExp(`serving on ws://127\\.0\\.0\\.1:(\\d+) over ${transport},`)

/** A server of bench/servers. */
export const bare = (
  title: string,
  dialect: DialectName,
  file: string,
  ...args: ReadonlyArray<string>
): Contender => ({
  title,
  dialect,
  command: () => node([], join("bench", "servers", file), ...args),
  says: LISTENING
})
