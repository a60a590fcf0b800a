/**
 * Why a client connection failed, as a value that is counted by its `kind` and logged by its `message`.
 * `handshake.ts` and `ClientSocket.ts` make them; the report shows the counts under `connections.errors`.
 */

export type SocketErrorKind =
  /** Nobody listens there. */
  | "connectRefused"
  /** No TCP (or TLS) connection in the owner's time. */
  | "connectTimeout"
  /** Connected, but no whole answer to the upgrade request in the owner's time. */
  | "handshakeTimeout"
  /** The server closed the connection before its answer was whole. */
  | "handshakeCut"
  /** An HTTP answer other than 101; `status` and, where the server said so, `retryAfterSeconds`. */
  | "refused"
  /** The answer is not HTTP. */
  | "malformed"
  /** The head of the answer is longer than MAX_HEAD_BYTES. */
  | "headTooLarge"
  /** 101, but without `Upgrade: websocket` or `Connection: Upgrade`. */
  | "badUpgrade"
  /** 101, but Sec-WebSocket-Accept does not belong to our key. */
  | "badAccept"
  | "unaskedSubprotocol"
  | "unaskedExtension"
  /** The server broke RFC 6455; `closeCode` is what we answered with. */
  | "protocolError"
  /** This process may not open more files (EMFILE), or the machine may not (ENFILE). */
  | "tooManyOpenFiles"
  /** The local address has no free port left towards this server. */
  | "portsExhausted"
  /** The local address is not one of this machine's. */
  | "badLocalAddress"
  /** The connection broke: reset by the peer, or a write to a closed one. */
  | "reset"
  /** No route to the server's network or host. */
  | "unreachable"
  | "nameNotFound"
  /** The TLS handshake failed or the certificate was not accepted. */
  | "tls"
  /** The connection stood, but the server ended it, or answered with an error, before the subscription of the client protocol did. */
  | "notSubscribed"
  /** The owner gave it up before it opened; not the server's doing. */
  | "abandoned"
  | "other"

export interface SocketError {
  readonly kind: SocketErrorKind
  /** One sentence with the data at hand. */
  readonly message: string
  /** HTTP status, for "refused". */
  readonly status?: number
  /** Retry-After in seconds, for "refused", where it was given as a number. */
  readonly retryAfterSeconds?: number
  /** The code of the close frame that we sent, for "protocolError". */
  readonly closeCode?: number
}

const kinds: Readonly<Record<string, SocketErrorKind>> = {
  ECONNREFUSED: "connectRefused",
  ECONNRESET: "reset",
  ECONNABORTED: "reset",
  EPIPE: "reset",
  ETIMEDOUT: "connectTimeout",
  EMFILE: "tooManyOpenFiles",
  ENFILE: "tooManyOpenFiles",
  EADDRNOTAVAIL: "portsExhausted",
  EADDRINUSE: "portsExhausted",
  ENETUNREACH: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETDOWN: "unreachable",
  EHOSTDOWN: "unreachable",
  ENOTFOUND: "nameNotFound",
  EAI_AGAIN: "nameNotFound",
  EPROTO: "tls"
}
const tlsCode = /^ERR_(TLS|SSL)_|CERT|^UNABLE_TO_/

/** Names an error of Node's sockets. `connected` says whether the TCP connection stood when it came. */
export const fromSystemError = (error: NodeJS.ErrnoException, connected: boolean): SocketError => {
  const code = error.code ?? ""
  const message = error.message
  if (code === "EADDRNOTAVAIL" && error.syscall === "bind") return { kind: "badLocalAddress", message }
  // On a connection that stood, it is the kernel giving up on a peer that no longer acknowledges.
  if (code === "ETIMEDOUT" && connected) return { kind: "unreachable", message }
  return { kind: kinds[code] ?? (tlsCode.test(code) ? "tls" : "other"), message }
}

/** Whether another local port may do where this one did not: it is in use, or its last connection is not forgotten. */
export const isPortTaken = (error: NodeJS.ErrnoException): boolean =>
  error.code === "EADDRINUSE" || (error.code === "EADDRNOTAVAIL" && error.syscall !== "bind")

/** "handshakeTimeout" → "handshake timeout" */
export const kindInWords = (kind: string): string =>
  kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
