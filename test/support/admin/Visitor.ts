/** A page that somebody looks at: keeps its cookie, as a browser does, and says where it comes from. */
import { expect } from "vitest"
import { adminPaths, CSRF_HEADER, type LogIn, type Refused } from "../../../src/protocol/dashboard.ts"
import { type Answer, type Asked, ask } from "../server/ask.ts"

type Ask = (path: string, asked: Asked) => Promise<Answer>

export class Visitor {
  cookie: string | undefined
  csrf: string | undefined

  /** @param how by what requests go; without it, each on a connection of its own */
  constructor(
    readonly port: number,
    readonly how: Ask = (path, asked) => ask(port, path, asked)
  ) {}

  get headers(): Readonly<Record<string, string>> {
    const origin = { host: `127.0.0.1:${this.port}`, origin: `http://127.0.0.1:${this.port}` }
    return {
      ...origin,
      "sec-fetch-site": "same-origin",
      ...(this.cookie === undefined ? {} : { cookie: this.cookie }),
      ...(this.csrf === undefined ? {} : { [CSRF_HEADER]: this.csrf })
    }
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#heed(await this.how(path, { headers: { ...this.headers, ...headers } }))
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const asked = {
      method: "POST",
      headers: { "content-type": "application/json", ...this.headers, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body)
    }
    return this.#heed(await this.how(path, asked))
  }

  /** Logs in, which has to succeed. */
  async logIn(given: LogIn): Promise<Answer> {
    const answer = await this.post(adminPaths.logIn, given)
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining("csrf")])
    this.csrf = (JSON.parse(answer.body) as { csrf: string }).csrf
    return answer
  }

  /** A token for a connection, or for a subscription. */
  token = async (channel?: string): Promise<string> => {
    const answer = await this.post(adminPaths.token, channel === undefined ? {} : { channel })
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining("token")])
    return (JSON.parse(answer.body) as { token: string }).token
  }

  #heed(answer: Answer): Answer {
    const set = answer.headers["set-cookie"]?.[0]
    if (set !== undefined) this.cookie = set.startsWith("clarion_session=;") ? undefined : set.split(";")[0]
    return answer
  }
}

export const refusal = ({ status, body }: Answer): readonly [number, Refused["error"]] => [
  status,
  (JSON.parse(body) as Refused).error
]
