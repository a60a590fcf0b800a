/** An HTTP server that a test answers for: as a backend should, and in ways that it should not. It ends with the test. */
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { onTestFinished } from "vitest"
import { Heard } from "./server/Heard.ts"

export interface HttpRequest {
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
}

export type Answer = (request: HttpRequest, response: Http.ServerResponse, index: number) => void

export const json =
  (value: unknown): Answer =>
  (_, response) => {
    response.setHeader("content-type", "application/json")
    response.end(typeof value === "string" ? value : JSON.stringify(value))
  }

export const status =
  (code: number, body = ""): Answer =>
  (_, response) => {
    response.writeHead(code).end(body)
  }

/** Never. */
export const silence: Answer = () => {}

/** Cuts the connection, with or without a reset. */
export const cut = (response: Http.ServerResponse, how: "end" | "reset"): void => {
  const socket = response.socket!
  if (how === "reset") socket.resetAndDestroy()
  else socket.destroy()
}

export class HttpBackend {
  readonly requests = new Heard<HttpRequest>()
  /** Sockets that were opened, and those that closed. */
  readonly opened = new Heard<Socket>()
  readonly closed = new Heard<Socket>()
  private constructor(
    private readonly server: Http.Server,
    /** May be replaced at any time. */
    public answer: Answer
  ) {}

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Nobody listens on its port from then on. */
  readonly stop = (): Promise<void> => {
    this.server.closeAllConnections()
    return new Promise((resolve) => {
      this.server.close(() => resolve())
    })
  }

  static readonly start = async (answer: Answer = json({ result: {} })): Promise<HttpBackend> => {
    const server = Http.createServer()
    const backend = new HttpBackend(server, answer)
    server.on("connection", (socket) => {
      backend.opened.add(socket)
      socket.once("close", () => backend.closed.add(socket))
    })
    server.on("request", (incoming, response) => {
      const chunks: Array<Buffer> = []
      incoming.on("data", (chunk) => chunks.push(chunk))
      incoming.on("end", () => {
        const body = Buffer.concat(chunks)
        const request = { path: incoming.url!, headers: incoming.headers, body, text: body.toString() }
        const index = backend.requests.all.length
        backend.requests.add(request)
        backend.answer(request, response, index)
      })
    })
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => backend.stop())
    return backend
  }
}
