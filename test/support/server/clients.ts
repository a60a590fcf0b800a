/** The outside client: npm `ws`, with what it received to wait for. It is cut when the test has finished. */
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"
import { onTestFinished } from "vitest"
import { type ClientOptions, WebSocket } from "ws"
import { Heard } from "./Heard.ts"

export interface End {
  readonly code: number
  readonly reason: string
}

/** Text as a string, binary as bytes. */
export type Message = string | Buffer

export class Client {
  readonly messages = new Heard<Message>()
  readonly pings = new Heard<Buffer>()
  readonly pongs = new Heard<Buffer>()
  /** Settles when the connection is gone. */
  readonly ended: Promise<End>

  constructor(readonly socket: WebSocket) {
    socket.on("message", (data, isBinary) => this.messages.add(isBinary ? (data as Buffer) : String(data)))
    socket.on("ping", this.pings.add)
    socket.on("pong", this.pongs.add)
    // A cut connection is told by its close code 1006; the error says nothing more.
    socket.on("error", () => {})
    this.ended = new Promise((resolve) => {
      socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }))
    })
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN
  }

  /** The TCP socket below, to pause, reset or count. */
  get raw(): Socket {
    return (this.socket as unknown as { readonly _socket: Socket })._socket
  }

  /** Cuts at once: by RST on TCP, without a goodbye on TLS, whose sockets cannot reset. */
  reset(): void {
    if (this.raw instanceof TLSSocket) this.raw.destroy()
    else this.raw.resetAndDestroy()
  }

  /** Sends, and settles when the bytes are out. */
  send(data: string | Uint8Array, options: { binary?: boolean; fin?: boolean } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.send(data, options, (error) => (error ? reject(error) : resolve()))
    })
  }
}

/** Connects; rejects when the handshake fails. */
export const connect = (
  url: string,
  options: ClientOptions = {},
  protocols: ReadonlyArray<string> = []
): Promise<Client> => {
  const client = new Client(
    new WebSocket(url, [...protocols], { rejectUnauthorized: false, perMessageDeflate: false, ...options })
  )
  onTestFinished(() => client.socket.terminate())
  return new Promise((resolve, reject) => {
    client.socket.once("open", () => resolve(client))
    client.socket.once("error", reject)
  })
}

/** Connects many, at most 100 at a time. */
export const connectMany = async (url: string, count: number): Promise<Array<Client>> => {
  const clients: Array<Client> = []
  while (clients.length < count) {
    const step = Math.min(100, count - clients.length)
    clients.push(...(await Promise.all(Array.from({ length: step }, () => connect(url)))))
  }
  return clients
}

export interface Refusal {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** The HTTP answer that a handshake was refused with; rejects when it was not refused. */
export const refusal = (url: string, options: ClientOptions = {}): Promise<Refusal> => {
  const socket = new WebSocket(url, { rejectUnauthorized: false, ...options })
  onTestFinished(() => socket.terminate())
  return new Promise((resolve, reject) => {
    socket.once("open", () => reject(new Error("the handshake was accepted")))
    socket.once("error", reject)
    socket.once("unexpected-response", (_, response) => {
      const parts: Array<Buffer> = []
      response.on("data", (part: Buffer) => parts.push(part))
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: String(Buffer.concat(parts))
        })
      )
    })
  })
}
