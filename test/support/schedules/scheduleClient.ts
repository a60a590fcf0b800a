/** The API of schedules of a running server, asked over HTTP. */
import { type Asked, ask } from "../server/ask.ts"
import { API_KEY } from "../server/ServerProcess.ts"

export interface JsonAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  readonly json: any
}

type Ask = (path: string, asked: Asked) => Promise<{ status: number; headers: object; body: string }>

/** @param asking how requests are sent; each on a connection of its own, unless a test says otherwise */
export const scheduleClient =
  (port: number, asking: Ask = (path, asked) => ask(port, path, asked)) =>
  async (method: string, path: string, body?: unknown): Promise<JsonAnswer> => {
    const {
      status,
      headers,
      body: text
    } = await asking(path, {
      method,
      headers: { "x-api-key": API_KEY },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
    return {
      status,
      headers: headers as JsonAnswer["headers"],
      json: text === "" ? undefined : JSON.parse(text)
    }
  }
