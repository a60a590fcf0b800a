/**
 * The client's half of the opening handshake (RFC 6455 §4.1): the request, the head of the answer, and whether that
 * answer opens a WebSocket. Pure apart from the bytes that `ResponseHead` keeps of a head in pieces; `ClientSocket`
 * drives it.
 */
import { createHash } from "node:crypto"
import { GrowingBytes } from "../services/hot/growingBytes.ts"
import type { SocketError } from "./SocketError.ts"

/** Bytes that the head of an answer may have; one that is longer fails with "headTooLarge". */
export const MAX_HEAD_BYTES = 16_384
/** Bytes of a Sec-WebSocket-Key before base64. */
export const KEY_BYTES = 16

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
const HEAD_END = "\r\n\r\n"
const PROTOCOL_NAME = "HTTP/1."

/** What one upgrade request says; `protocols` are the subprotocols offered, in order of preference. */
export interface UpgradeRequest {
  readonly host: string
  readonly path: string
  readonly protocols: ReadonlyArray<string>
  readonly headers: Readonly<Record<string, string>>
}

/** The request without its key; the same for all connections of a run, so it is built once. */
export const requestPrefix = ({ host, path, protocols, headers }: UpgradeRequest): string => {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    ...(protocols.length === 0 ? [] : [`Sec-WebSocket-Protocol: ${protocols.join(", ")}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  ]
  return `${lines.join("\r\n")}\r\nSec-WebSocket-Key: `
}

/** The whole request for one connection: `requestPrefix` with its key, in base64. */
export const withKey = (prefix: string, key: string): string => `${prefix}${key}${HEAD_END}`

/** The Sec-WebSocket-Accept that belongs to a key. */
export const acceptOf = (key: string): string =>
  createHash("sha1").update(key, "latin1").update(GUID, "latin1").digest("base64")

/** A whole head, and the offset in the last chunk behind it, where the first frames may already stand. */
export interface WholeHead {
  readonly kind: "head"
  readonly text: string
  readonly end: number
}

/** Collects the head of one answer; keeps bytes only when it comes in more than one piece. */
export class ResponseHead {
  private kept: GrowingBytes | null = null

  /** Reads on in `chunk`; undefined means that more is needed. */
  push(chunk: Buffer, start: number, end: number): WholeHead | SocketError | undefined {
    if (this.kept !== null) return this.resume(this.kept, chunk, start, end)
    const bytes = chunk.subarray(start, end)
    const found = bytes.indexOf(HEAD_END, 0, "latin1")
    if (found >= 0) return whole(bytes.toString("latin1", 0, found), start + found + HEAD_END.length)
    this.kept = new GrowingBytes()
    return this.keep(this.kept, chunk, start, end)
  }

  private resume(
    kept: GrowingBytes,
    chunk: Buffer,
    start: number,
    end: number
  ): WholeHead | SocketError | undefined {
    const before = kept.length
    const searchFrom = Math.max(0, before - (HEAD_END.length - 1))
    const failure = this.keep(kept, chunk, start, end)
    const bytes = kept.view()
    const found = bytes.indexOf(HEAD_END, searchFrom, "latin1")
    if (found < 0) return failure
    return whole(bytes.toString("latin1", 0, found), start + found + HEAD_END.length - before)
  }

  /** Keeps the chunk as far as the bound allows, and says what is wrong with the head so far. */
  private keep(kept: GrowingBytes, chunk: Buffer, start: number, end: number): SocketError | undefined {
    kept.append(chunk, start, Math.min(end, start + MAX_HEAD_BYTES - kept.length))
    const bytes = kept.view()
    if (!PROTOCOL_NAME.startsWith(bytes.toString("latin1", 0, Math.min(bytes.length, PROTOCOL_NAME.length))))
      return notHttp
    return bytes.length < MAX_HEAD_BYTES ? undefined : headTooLarge
  }
}

const whole = (text: string, end: number): WholeHead | SocketError =>
  text.length > MAX_HEAD_BYTES - HEAD_END.length ? headTooLarge : { kind: "head", text, end }

const malformed = (message: string): SocketError => ({ kind: "malformed", message })
const notHttp = malformed("the server's answer is not HTTP/1")
const headTooLarge: SocketError = {
  kind: "headTooLarge",
  message: `the head of the server's answer is over ${MAX_HEAD_BYTES} bytes`
}

const statusLine = /^HTTP\/1\.[01] (\d{3})(?: .*)?$/
const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/

/**
 * Whether the head of an answer (without its empty line) opens a WebSocket for a request with this key and these
 * subprotocols; undefined where it does.
 */
export const handshakeFailure = (
  head: string,
  key: string,
  protocols: ReadonlyArray<string>
): SocketError | undefined => {
  const [first = "", ...lines] = head.split("\r\n")
  const status = Number(statusLine.exec(first)?.[1] ?? 0)
  if (status === 0) return malformed(`the answer starts with ${quoted(first)}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? []
    if (name === undefined || value === undefined)
      return malformed(`the answer has a header line ${quoted(line)}`)
    const known = headers.get(name.toLowerCase())
    headers.set(name.toLowerCase(), known === undefined ? value : `${known}, ${value}`)
  }
  return status === 101 ? upgradeFailure(headers, key, protocols) : refusal(status, headers)
}

const refusal = (status: number, headers: ReadonlyMap<string, string>): SocketError => {
  const retryAfter = headers.get("retry-after") ?? ""
  const message = `the server answered with HTTP ${status}`
  return /^\d{1,9}$/.test(retryAfter)
    ? { kind: "refused", message, status, retryAfterSeconds: Number(retryAfter) }
    : { kind: "refused", message, status }
}

const upgradeFailure = (
  headers: ReadonlyMap<string, string>,
  key: string,
  protocols: ReadonlyArray<string>
): SocketError | undefined => {
  const upgrade = headers.get("upgrade") ?? ""
  if (upgrade.toLowerCase() !== "websocket") {
    return { kind: "badUpgrade", message: `the answer upgrades to ${quoted(upgrade)}, not to websocket` }
  }
  const connection = headers.get("connection") ?? ""
  if (!connection.split(",").some((token) => token.trim().toLowerCase() === "upgrade")) {
    return {
      kind: "badUpgrade",
      message: `the answer's Connection is ${quoted(connection)}, without upgrade`
    }
  }
  const accept = headers.get("sec-websocket-accept") ?? ""
  if (accept !== acceptOf(key)) {
    return {
      kind: "badAccept",
      message: `Sec-WebSocket-Accept is ${quoted(accept)}, which our key does not give`
    }
  }
  const extensions = headers.get("sec-websocket-extensions") ?? ""
  if (extensions !== "") {
    return { kind: "unaskedExtension", message: `the server chose the extension ${quoted(extensions)}` }
  }
  const protocol = headers.get("sec-websocket-protocol")
  if (protocol !== undefined && !protocols.includes(protocol)) {
    return { kind: "unaskedSubprotocol", message: `the server chose the subprotocol ${quoted(protocol)}` }
  }
  return undefined
}

/** The server's text for a log line: cut to 80 characters and with its control characters escaped. */
const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text)
