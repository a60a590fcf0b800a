/**
 * The way of the dashboard's WebSocket where the API has a port of its own: handshakes on `/connection/websocket` that come there go on to the
 * server's own port on this machine, and so do all bytes after them, both ways. Only those who are logged in have it, from our own page.
 *
 * It ends with either of its ends; those that are left end with the scope, a moment after the server's own port.
 */
import { X509Certificate } from "node:crypto"
import { type IncomingMessage, type Server, STATUS_CODES } from "node:http"
import { connect, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import { connect as connectTls, type TLSSocket } from "node:tls"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { isSameOrigin } from "../auth/origins.ts"
import type { Certificate } from "../certificate.ts"
import { copyHeaders, splitUrl } from "../nodeHttp.ts"
import type { PlainRequest } from "../Transport.ts"
import type { Access } from "./Access.ts"

/** Tunnels at once; more are answered with 503. Each takes two more sockets than a connection of the server's own port. */
export const MAX_TUNNELS = 100
/** Time for the server's own port to take a connection. */
const CONNECT_TIMEOUT_MS = 5000

/** Time that a tunnel has to carry what is left in it when the server's own port has ended it, or the server ends. */
const END_TIMEOUT_MS = 1000

const PATH = "/connection/websocket"

/** Headers of the handshake that go on. What else the browser sent is for this port: the cookie above all. */
const PASSED_ON = /^(host|origin|upgrade|connection|user-agent|accept-language|sec-websocket-[a-z]+)$/

export interface ServerAddress {
  readonly ip: string
  /** Undefined while it does not listen. */
  readonly port: () => number | undefined
  readonly certificate: Certificate | undefined
}

const refuse = (socket: Duplex, status: number, message: string): void => {
  const body = `${message}\n`
  socket.once("finish", () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
  )
}

/** From where this machine reaches an address to listen on. */
const reachable = (ip: string): string => (ip === "0.0.0.0" ? "127.0.0.1" : ip === "::" ? "::1" : ip)

/** The head of the handshake, as it goes on. */
const headOf = (request: IncomingMessage): string => {
  const { rawHeaders } = request
  const lines = [`GET ${request.url} HTTP/1.1`]
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (PASSED_ON.test(rawHeaders[i]!.toLowerCase())) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return `${lines.join("\r\n")}\r\n\r\n`
}

/** Whether it is this very server at the other end: its certificate may say another name than that of this machine. */
const isOurs = (socket: TLSSocket, { cert }: Certificate): boolean =>
  socket.getPeerX509Certificate()?.fingerprint256 === new X509Certificate(cert).fingerprint256

/** Opens the way to the server's own port; `opened` when bytes may go. */
const reach = (address: ServerAddress, port: number, opened: (socket: Socket) => void): Socket => {
  const { ip, certificate } = address
  const to = { host: reachable(ip), port }
  if (certificate === undefined) {
    const socket = connect(to, () => opened(socket))
    return socket
  }
  const socket: TLSSocket = connectTls({ ...to, rejectUnauthorized: false }, () => {
    if (isOurs(socket, certificate)) opened(socket)
    else socket.destroy()
  })
  return socket
}

/** Takes the handshakes that come to an HTTP server. */
export const openTunnels = Effect.fnUntraced(function* (
  server: Server,
  access: Access["Service"],
  address: ServerAddress
) {
  const open = new Set<Socket>()
  const isEmpty = yield* Latch.make(true)
  // The server's own port has ended by then, so that each end has but to tell the other.
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Effect.timeoutOption(isEmpty.await, END_TIMEOUT_MS),
      Effect.sync(() => {
        for (const socket of open) socket.destroy()
      })
    )
  )

  const join = (request: IncomingMessage, near: Socket, first: Buffer, port: number): void => {
    open.add(near)
    isEmpty.closeUnsafe()
    let isOpen = false
    const far = reach(address, port, () => {
      isOpen = true
      far.setTimeout(0)
      far.setNoDelay(true)
      far.write(headOf(request))
      far.write(first)
      near.pipe(far)
      far.pipe(near)
    })
    far.setTimeout(CONNECT_TIMEOUT_MS, () => far.destroy())
    far.on("error", () => far.destroy())
    far.once("close", () => {
      // What is left goes out first, unless the page does not take it.
      if (isOpen) near.setTimeout(END_TIMEOUT_MS, () => near.destroy()).destroySoon()
      else if (!near.destroyed) refuse(near, 502, "the server's own port does not answer")
    })
    near.once("close", () => {
      open.delete(near)
      if (open.size === 0) isEmpty.openUnsafe()
      far.destroy()
    })
  }

  server.on("upgrade", (request: IncomingMessage, near: Socket, first: Buffer) => {
    near.on("error", () => near.destroy())
    near.setTimeout(0)
    near.setNoDelay(true)
    const { path, query } = splitUrl(request.url ?? "")
    const asked: PlainRequest = {
      method: request.method ?? "",
      path,
      query,
      headers: copyHeaders(request),
      body: Buffer.alloc(0),
      address: near.remoteAddress ?? ""
    }
    const port = address.port()
    if (path !== PATH || asked.method !== "GET")
      return refuse(near, 404, "no WebSocket is served on this path")
    if ("status" in access.loggedIn(asked)) return refuse(near, 401, "log in first")
    if (!isSameOrigin(asked.headers)) return refuse(near, 403, "only pages of this server may connect here")
    if (port === undefined || open.size >= MAX_TUNNELS)
      return refuse(near, 503, "there is no room for one more connection now")
    join(request, near, first, port)
  })
})
