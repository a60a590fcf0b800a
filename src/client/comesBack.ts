/**
 * Which ends of a connection are worth another attempt: those that may pass by themselves. An attempt that cannot
 * succeed would only load the server, and hide under its repetitions what is wrong.
 */
import type { SocketError, SocketErrorKind } from "./SocketError.ts"

const mayPass: Readonly<Record<Exclude<SocketErrorKind, "refused">, boolean>> = {
  // A server that restarts, is overloaded, or lies behind a network that heals.
  connectRefused: true,
  connectTimeout: true,
  handshakeTimeout: true,
  handshakeCut: true,
  reset: true,
  unreachable: true,
  // The ports of connections that ended come free within a minute.
  portsExhausted: true,
  // Nothing is known of it; the backoff bounds what it costs.
  other: true,
  // What answers there is no WebSocket server, or one that breaks its rules: it would again.
  malformed: false,
  headTooLarge: false,
  badUpgrade: false,
  badAccept: false,
  unaskedSubprotocol: false,
  unaskedExtension: false,
  protocolError: false,
  // What the server says of it counts.
  notSubscribed: false,
  // A certificate or protocol version that does not fit.
  tls: false,
  // The machine's or the configuration's. Files come free only where others of our connections end, and those need them again.
  tooManyOpenFiles: false,
  badLocalAddress: false,
  nameNotFound: false,
  // Our own doing.
  abandoned: false
}

/** Too many requests, and a server or proxy in trouble. Other refusals answer the request itself, which will be the same. */
const passingStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504])

export const comesBackAfterFailure = ({ kind, status = 0 }: SocketError): boolean =>
  kind === "refused" ? passingStatuses.has(status) : mayPass[kind]

/**
 * The ranges of the Centrifugo client protocol: 3500–3999 and 4500–4999 mean "do not come back", and so does 1009, as
 * the same message would be too big again.
 */
export const comesBackAfterClose = (code: number): boolean =>
  code !== 1009 && !(code >= 3500 && code <= 3999) && !(code >= 4500 && code <= 4999)
