/** A keep-alive HTTP connection that costs a load client little: requests are bytes, several may be under way, answers come in order. */
import * as net from "node:net"
import { API_KEY } from "../support/apiKey.ts"

const END_OF_HEAD = Buffer.from("\r\n\r\n")
const LENGTH = /\r\ncontent-length: *(\d+)/i
const NOTHING = Buffer.alloc(0)

/** Called once for each answer, in the order of the requests. The body is valid during the call. */
export type OnAnswer = (status: number, body: Buffer) => void

export class HttpConnection {
  private readonly socket: net.Socket
  /** An answer that is not whole yet. */
  private rest: Buffer = NOTHING

  /** @param onEnd the connection is gone, which it never is while a server is sound */
  constructor(
    port: number,
    private readonly onAnswer: OnAnswer,
    onEnd: (why: string) => void
  ) {
    this.socket = net.connect({ host: "127.0.0.1", port, noDelay: true })
    this.socket.on("data", (chunk: Buffer) => this.read(chunk))
    this.socket.on("error", (error) => onEnd(error.message))
    this.socket.on("close", () => onEnd("the server ended an HTTP connection"))
  }

  write(request: Buffer): void {
    this.socket.write(request)
  }

  end(): void {
    this.socket.removeAllListeners("close").destroy()
  }

  private read(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    // What is asked next goes out in one write.
    this.socket.cork()
    while (bytes.length > 0) {
      const headEnd = bytes.indexOf(END_OF_HEAD)
      if (headEnd < 0) break
      const head = bytes.toString("latin1", 0, headEnd)
      const bodyAt = headEnd + END_OF_HEAD.length
      const end = bodyAt + Number(LENGTH.exec(head)?.[1] ?? 0)
      if (bytes.length < end) break
      this.onAnswer(Number(head.slice(9, 12)), bytes.subarray(bodyAt, end))
      bytes = bytes.subarray(end)
    }
    this.rest = bytes
    this.socket.uncork()
  }
}

/** A POST to the server API. */
export const apiRequest = (path: string, body: string): Buffer => {
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    `X-API-Key: ${API_KEY}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`
  ]
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`)
}

const ERROR = Buffer.from('"error"')

/** What is wrong with an answer of the server API; undefined: nothing. */
export const apiProblem = (status: number, body: Buffer): string | undefined =>
  (status === 200 || status === 201) && !body.includes(ERROR)
    ? undefined
    : `the server API answered ${status} ${body.toString("utf8", 0, 200)}`
