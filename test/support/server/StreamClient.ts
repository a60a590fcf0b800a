/** A client of an HTTP answer that goes on: what came so far to wait for. It is cut when the test has finished. */
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import { onTestFinished } from "vitest"
import { Heard } from "./Heard.ts"

export interface StreamRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Address that the client comes from. */
  readonly localAddress?: string
}

export class StreamClient {
  /** Bytes so far, after each read. */
  readonly reads = new Heard<number>()
  /** How it ended: whole, with the end of the body, or cut. */
  readonly ended: Promise<"whole" | "cut">
  readonly #parts: Array<Buffer> = []
  #size = 0

  constructor(readonly response: IncomingMessage) {
    response.on("data", (part: Buffer) => {
      this.#parts.push(part)
      this.#size += part.length
      this.reads.add(this.#size)
    })
    response.on("error", () => {})
    this.ended = new Promise((resolve) => {
      response.once("close", () => resolve(response.complete ? "whole" : "cut"))
    })
  }

  get status(): number {
    return this.response.statusCode ?? 0
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  get text(): string {
    return String(this.bytes)
  }

  /** When so many bytes have come. */
  async size(bytes: number): Promise<Buffer> {
    await this.reads.until((all) => (all.at(-1) ?? 0) >= bytes)
    return this.bytes
  }

  /** Stops and goes on to read; what the kernel takes meanwhile is not much. */
  pause(): void {
    this.response.pause()
  }

  resume(): void {
    this.response.resume()
  }

  /** Cuts. */
  destroy(): void {
    this.response.socket.destroy()
  }
}

/** Asks, and gives the answer when its head is there. Rejects where none comes. */
export const openStream = (
  url: string,
  { method = "GET", headers = {}, body, localAddress }: StreamRequest = {}
): Promise<StreamClient> =>
  new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? requestHttps : requestHttp
    const request = send(url, { method, headers, localAddress, agent: false, rejectUnauthorized: false })
    onTestFinished(() => void request.destroy())
    request.once("response", (response) => resolve(new StreamClient(response)))
    request.on("error", reject)
    request.end(body)
  })
