/** The connection to the server's push: up, lost, up again, and whether the server is still the one that it was. */
import { Centrifuge, State, UnauthorizedError } from "centrifuge"
import { CloseReasons } from "../../../protocol/closeCodes.ts"
import { adminPaths, type TokenAnswer, type TokenRequest } from "../../../protocol/dashboard.ts"
import { cell } from "../../parts/cell.ts"
import { ask } from "../session/ask.ts"
import { check, session } from "../session/session.ts"

export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "up" }
  | { readonly kind: "lost"; readonly since: number }

export const link = cell<Link>({ kind: "connecting" })

/** When the server came back as another life of itself; undefined until it does, and when that was read. */
export const restartedAt = cell<number | undefined>(undefined)
/** When the connection came back, for a while. */
export const backAt = cell<number | undefined>(undefined)

const BACK_SHOWN_MS = 8_000

/** A token for the connection, or for one channel. Those that are not logged in, or no longer, get none. */
export const token = async (wanted: TokenRequest): Promise<string> => {
  const answer = await ask("POST", adminPaths.token, JSON.stringify(wanted))
  if (answer.isOk) return (answer.value as TokenAnswer).token
  if (answer.status === 401 || answer.status === 403) throw new UnauthorizedError(answer.problem)
  throw new Error(answer.problem)
}

const address = () =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/connection/websocket`

export const client = new Centrifuge(address(), {
  getToken: () => token({}),
  minReconnectDelay: 300,
  maxReconnectDelay: 5_000,
  name: "dashboard"
})

/** The life of the server when this page last heard of it. */
let life: string | undefined

/** After each connection: the session may be over, and the server another. */
const greet = async () => {
  const now = await check()
  if (now === undefined) return
  if (life !== undefined && life !== now.life) restartedAt.set(Date.now())
  life = now.life
}

let backTimer: ReturnType<typeof setTimeout> | undefined

client.on("connected", () => {
  if (link.get().kind === "lost") {
    backAt.set(Date.now())
    clearTimeout(backTimer)
    backTimer = setTimeout(() => backAt.set(undefined), BACK_SHOWN_MS)
  }
  link.set({ kind: "up" })
  void greet()
})

client.on("connecting", () => {
  if (link.get().kind === "up") link.set({ kind: "lost", since: Date.now() })
})

const RETRY_MS = 5_000
let retryTimer: ReturnType<typeof setTimeout> | undefined

/** With a token that is asked for: the server may have refused the one that was, as one with another key does. */
const connect = () => {
  clearTimeout(retryTimer)
  if (session.get().kind !== "in" || client.state !== State.Disconnected) return
  client.setToken("")
  client.connect()
}

// For good: the server will not have this page. Where its session is over, as somebody logged out in another tab, the question says so; else the
// next attempt is ours to make.
client.on("disconnected", ({ code }) => {
  const wasUp = link.get().kind === "up"
  clearTimeout(retryTimer)
  if (session.get().kind !== "in") link.set({ kind: "connecting" })
  else {
    if (wasUp) link.set({ kind: "lost", since: Date.now() })
    retryTimer = setTimeout(connect, RETRY_MS)
    if (code === CloseReasons.forceDisconnect.code) void check()
  }
})

/** The connection lives as long as the session. */
export const keepLinked = (): void => {
  const follow = () => (session.get().kind === "in" ? connect() : client.disconnect())
  session.watch(follow)
  follow()
}
