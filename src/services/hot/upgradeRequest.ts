/** What RFC 6455 §4.2.1 asks of an upgrade, checked alike on every transport. */
import type { Refusal } from "./Admission.ts"

const invalid = (status: number, message: string): Refusal => ({ status, reason: "invalid", message })

const NOT_UPGRADE = invalid(426, "this address speaks WebSocket: upgrade required")
const NOT_GET = invalid(405, "a WebSocket handshake is a GET")
const BAD_VERSION = invalid(426, "Sec-WebSocket-Version must be 13")
const BAD_KEY = invalid(400, "Sec-WebSocket-Key must be 16 bytes in base64")

const BAD_PROTOCOLS = invalid(400, "Sec-WebSocket-Protocol is not a list of tokens")

/** 16 bytes in base64: 22 characters and two of padding. */
const KEY = /^[A-Za-z0-9+/]{22}==$/

/** "Upgrade" in a list of tokens: "keep-alive, Upgrade". */
const UPGRADE_TOKEN = /(^|[\s,])upgrade($|[\s,])/i

// What nearly everyone sends is compared first: a handshake is paid for a million times.
const isToken = (found: string | undefined, token: string) =>
  found === token || found?.toLowerCase() === token
const isUpgrade = (connection: string | undefined) =>
  connection === "Upgrade" || UPGRADE_TOKEN.test(connection ?? "")

/** Tokens of RFC 7230, with commas between. */
const PROTOCOLS = /^[!#$%&'*+\-.^_`|~\w]+(\s*,\s*[!#$%&'*+\-.^_`|~\w]+)*$/

/** Values of headers; undefined or empty when absent. */
export interface UpgradeHeaders {
  readonly upgrade: string | undefined
  readonly connection: string | undefined
  readonly key: string | undefined
  readonly version: string | undefined
  readonly protocols: string | undefined
}

export const checkUpgrade = (
  method: string,
  { upgrade, connection, key, version, protocols }: UpgradeHeaders
): Refusal | undefined => {
  if (!isToken(upgrade, "websocket") || !isUpgrade(connection)) return NOT_UPGRADE
  if (method !== "get" && method.toUpperCase() !== "GET") return NOT_GET
  if (version !== "13") return BAD_VERSION
  if (!key || !KEY.test(key)) return BAD_KEY
  if (protocols && !PROTOCOLS.test(protocols)) return BAD_PROTOCOLS
  return undefined
}

/**
 * Paths of the server's own, and all below them. However they are written, and whether or not they are on: a client of the protocol that took
 * a raw connection for its own would wait for answers that never come.
 */
const OWN_PATHS = /^\/(connection|emulation|events|api|health|ready|metrics|docs|openapi\.json)(\/|$)/i

/** Whether no raw connection may be made on this path. @param path without query */
export const isOwnPath = (path: string): boolean => OWN_PATHS.test(path)

export const NO_WEBSOCKET = invalid(404, "no WebSocket is served on this path")

/** The first subprotocol that a client offers, "" for none: browsers give up on a server that answers with none of theirs. */
export const firstProtocol = (protocols: string | undefined): string =>
  protocols ? (protocols.split(",")[0]?.trim() ?? "") : ""

const CHANNELS = /(^|&)channels?=/

/** Whether a query names channels, which raw connections may. */
export const namesChannels = (query: string): boolean => query !== "" && CHANNELS.test(query)

/** Headers of a refusal: every transport answers with the same. */
export const refusalHeaders = (refusal: Refusal): ReadonlyArray<readonly [name: string, value: string]> => [
  ["content-type", "text/plain; charset=utf-8"],
  ...(refusal.status === 426
    ? [["sec-websocket-version", "13"] as const, ["upgrade", "websocket"] as const]
    : []),
  ...(refusal.retryAfterSeconds === undefined
    ? []
    : [["retry-after", String(refusal.retryAfterSeconds)] as const])
]
