/** A page that looks at a server: logged in, and subscribed to all that the dashboard shows, with deltas, as the page in a browser is. */
import { Centrifuge } from "centrifuge"
import {
  type AdminSession,
  adminPaths,
  CSRF_HEADER,
  dashboardChannels,
  type TokenAnswer
} from "clarion/protocol/dashboard"
import { WebSocket } from "ws"
import { API_KEY } from "../support/apiKey.ts"
import { Failed } from "../support/children.ts"

export class Page {
  /** States that came, and the bytes that they have as JSON. */
  states = 0
  bytes = 0
  #cookie = ""
  #csrf = ""
  readonly #client: Centrifuge

  private constructor(readonly port: number) {
    this.#client = new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, {
      websocket: WebSocket,
      getToken: () => this.#token()
    })
  }

  /** Settles when it has heard from every channel. */
  static async open(port: number): Promise<Page> {
    const page = new Page(port)
    await page.#logIn()
    page.#client.connect()
    await Promise.all(Object.values(dashboardChannels).map((channel) => page.#subscribe(channel)))
    return page
  }

  close(): void {
    this.#client.disconnect()
  }

  async #post(path: string, body: object): Promise<Response> {
    const headers = { "content-type": "application/json", cookie: this.#cookie, [CSRF_HEADER]: this.#csrf }
    const url = `http://127.0.0.1:${this.port}${path}`
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })
    if (answer.status !== 200) throw new Failed(`${path} answered ${answer.status}`)
    return answer
  }

  async #logIn(): Promise<void> {
    const answer = await this.#post(adminPaths.logIn, { apiKey: API_KEY })
    this.#cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? ""
    this.#csrf = ((await answer.json()) as AdminSession).csrf
  }

  async #token(channel?: string): Promise<string> {
    const answer = await this.#post(adminPaths.token, channel === undefined ? {} : { channel })
    return ((await answer.json()) as TokenAnswer).token
  }

  #subscribe(channel: string): Promise<void> {
    const subscription = this.#client.newSubscription(channel, {
      getToken: () => this.#token(channel),
      delta: "fossil"
    })
    subscription.subscribe()
    return new Promise((resolve, reject) => {
      subscription.on("publication", ({ data }) => {
        this.states++
        this.bytes += JSON.stringify(data).length
        resolve()
      })
      subscription.on("unsubscribed", ({ code, reason }) =>
        reject(new Failed(`${channel}: ${code} ${reason}`))
      )
    })
  }
}
