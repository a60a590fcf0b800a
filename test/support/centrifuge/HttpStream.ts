/** An HTTP answer that goes on, with its lines to wait for, and the requests beside it. It is cut when the test has finished. */
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http"
import { onTestFinished } from "vitest"
import { Heard } from "../server/Heard.ts"

export interface StreamRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export class HttpStream {
  readonly reads = new Heard<Buffer>()
  /** How it ended: by the server, or in a broken way. */
  readonly ended: Promise<"end" | "cut">

  constructor(
    readonly response: IncomingMessage,
    readonly asking: ClientRequest
  ) {
    response.on("data", this.reads.add)
    response.on("error", () => {})
    this.ended = new Promise((resolve) => {
      response.once("end", () => resolve("end"))
      response.once("close", () => resolve(response.complete ? "end" : "cut"))
    })
  }

  get status(): number {
    return this.response.statusCode ?? 0
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers
  }

  get bytes(): Buffer {
    return Buffer.concat(this.reads.all)
  }

  get text(): string {
    return this.bytes.toString()
  }

  /** Whole lines so far that are not empty; of server-sent events, their "data: " lines without that. */
  get lines(): ReadonlyArray<string> {
    return this.text
      .split("\n")
      .slice(0, -1)
      .map((line) => line.replace(/^data: /, "").trimEnd())
      .filter((line) => line !== "")
  }

  async until(met: (lines: ReadonlyArray<string>) => boolean): Promise<void> {
    await this.reads.until(() => met(this.lines))
  }

  async first(count: number): Promise<ReadonlyArray<string>> {
    await this.until((lines) => lines.length >= count)
    return this.lines.slice(0, count)
  }

  /** The whole text, when the server has ended the answer. */
  async whole(): Promise<string> {
    await this.ended
    return this.text
  }

  cut(): void {
    this.asking.destroy()
  }
}

/** Asks; settles with the head of the answer. */
export const openStream = (
  port: number,
  path: string,
  { method = "POST", headers = {}, body }: StreamRequest = {}
): Promise<HttpStream> =>
  new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) =>
      resolve(new HttpStream(response, asking))
    )
    asking.on("error", reject)
    onTestFinished(() => void asking.destroy())
    asking.end(body)
  })
