/** Servers that a client can meet, in the test's own process: one that does as it should, and ways not to. They end with the test. */
import * as net from "node:net"
import { onTestFinished } from "vitest"
import { type WebSocket, WebSocketServer } from "ws"
import { acceptOf } from "../../../src/client/handshake.ts"
import { Heard } from "../server/Heard.ts"

export interface TcpServer {
  readonly port: number
  /** Every connection so far. */
  readonly sockets: Heard<net.Socket>
}

const portOf = (server: { address(): unknown }): number => (server.address() as net.AddressInfo).port

/** Accepts; what more it does is said by `onSocket`. */
export const listen = async (onSocket: (socket: net.Socket) => void = () => {}): Promise<TcpServer> => {
  const sockets = new Heard<net.Socket>()
  const server = net.createServer((socket) => {
    socket.on("error", () => {})
    onSocket(socket)
    sockets.add(socket)
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    for (const socket of sockets.all) socket.destroy()
    server.close()
  })
  return { port: portOf(server), sockets }
}

/** Calls `answer` for each upgrade request with the answer that opens the connection, and its number from 0. */
export const answering = (
  answer: (socket: net.Socket, good: string, index: number) => void
): Promise<TcpServer> => {
  let index = 0
  return listen((socket) => {
    socket.once("data", (request) => {
      const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(request.toString("latin1"))?.[1] ?? ""
      const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
      // Without this, what it does not read would hold up the end of the connection.
      socket.resume()
      answer(socket, `${lines.join("\r\n")}\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`, index++)
    })
  })
}

/** Opens connections and then answers nothing, not even a close frame. */
export const deaf = (): Promise<TcpServer> => answering((socket, good) => void socket.write(good))

export const UNAVAILABLE =
  "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

export interface GoodServer {
  readonly port: number
  readonly sockets: Heard<WebSocket>
  /** Code and reason of each connection that ended. */
  readonly ends: Heard<string>
}

/** npm `ws` with its defaults. */
export const good = async (): Promise<GoodServer> => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 })
  await new Promise((resolve) => void server.once("listening", resolve))
  const sockets = new Heard<WebSocket>()
  const ends = new Heard<string>()
  server.on("connection", (socket) => {
    socket.on("error", () => {})
    socket.once("close", (code, reason) => ends.add(`${code} ${reason}`.trim()))
    sockets.add(socket)
  })
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return { port: portOf(server), sockets, ends }
}

/** A port on which nobody listens: the system gave it a moment ago, and was given it back. */
export const freePort = async (): Promise<number> => {
  const server = net.createServer()
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const port = portOf(server)
  await new Promise((resolve) => void server.close(resolve))
  return port
}
