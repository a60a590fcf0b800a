/** Plain HTTP, each request on a TCP connection of its own: the kernel may give each to another worker. */
import { Agent, type IncomingHttpHeaders, request } from "node:http"
import { onTestFinished } from "vitest"

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const askOver = (
  agent: Agent | false,
  port: number,
  path: string,
  { method = "GET", headers = {}, body }: Asked,
  onSocket: (localPort: number) => void = () => {}
) =>
  new Promise<Answer>((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path, method, headers, agent }, (response) => {
      onSocket(response.socket.localPort!)
      const parts: Array<Buffer> = []
      response.on("data", (part: Buffer) => parts.push(part))
      response.once("error", reject)
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: String(Buffer.concat(parts))
        })
      )
    })
    asking.once("error", reject)
    asking.end(body)
  })

export const ask = (port: number, path: string, asked: Asked = {}): Promise<Answer> =>
  askOver(false, port, path, asked)

/** One TCP connection over which requests go one after the other. */
export class Asker {
  /** Of the connection, once it has been asked. */
  localPort = 0
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(readonly port: number) {
    onTestFinished(() => this.#agent.destroy())
  }

  readonly ask = (path: string, asked: Asked = {}): Promise<Answer> =>
    askOver(this.#agent, this.port, path, asked, (localPort) => {
      this.localPort = localPort
    })
}
