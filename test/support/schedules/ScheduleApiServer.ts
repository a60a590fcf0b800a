/** The API of `ScheduleApiFixture` on a port of its own, for clients that speak HTTP. It ends with the test. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"
import { isScheduleApi } from "../../../src/services/api/schedules/scheduleApi.ts"
import { ScheduleApiFixture } from "./ScheduleApiFixture.ts"

export const KEY = "the key of the tests"

export interface Request {
  readonly method: string
  readonly url: string
  readonly body: string
}

export class ScheduleApiServer {
  readonly fixture = new ScheduleApiFixture()
  readonly requests: Array<Request> = []
  url = ""

  static async start(): Promise<ScheduleApiServer> {
    const it = new ScheduleApiServer()
    const server = createServer(async (request, response) => {
      const parts: Array<Buffer> = []
      for await (const part of request) parts.push(part as Buffer)
      const { method = "", url = "" } = request
      const body = String(Buffer.concat(parts))
      it.requests.push({ method, url, body })
      if (request.headers["x-api-key"] !== KEY) return response.writeHead(401).end()
      if (!isScheduleApi(url.split("?")[0]!)) return response.writeHead(426).end("not here\n")
      const answer = await it.fixture.ask(method, url, body)
      return response.writeHead(answer.status, answer.headers).end(answer.text)
    })
    onTestFinished(() => void server.close().closeAllConnections())
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    it.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return it
  }
}
