/**
 * A bare WebSocket at `/?channels=`: the frames are the data, and nothing else is told. Coming back is the page's own work. With `since` it
 * names the time from which it wants everything; without, what was published meanwhile is lost, and nothing says so.
 */
import type { Cable } from "../Cable.ts"
import { DEMO_CHANNEL, readText } from "../chat.ts"
import { type Socket, type SocketClose, socketsOver } from "../cuttableSocket.ts"
import { socketUrl, type Way, type WayListener } from "./Way.ts"

/** The server's clock and the page's may differ: it asks for a little more, and drops what it has by the senders' numbers. */
const MARGIN_MS = 2000

/** What Clarion closes with when it does not have everything since then. */
const INSUFFICIENT_STATE = 3010

const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 2000

/** Codes after which it is of no use to come back, as clients of the protocol read them. */
const isFinal = (code: number): boolean => (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000)

export class RawWay implements Way {
  /** Set by the page's visitor; counts from the next connection on. */
  hasSince = false
  readonly #Socket: new (
    url: string
  ) => Socket
  #socket: Socket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #attempts = 0
  /** When something was heard last, or the connection stood. */
  #heardAt: number | undefined
  #openedAt = 0

  constructor(
    cable: Cable,
    readonly listener: WayListener
  ) {
    this.#Socket = socketsOver(cable)
  }

  connect = (): void => {
    this.listener.changed("connecting")
    this.#open()
  }

  disconnect = (): void => {
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = undefined
    if (socket !== undefined) {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
    }
    this.listener.changed("off")
  }

  #open(): void {
    const at = this.#heardAt
    const since = this.hasSince && at !== undefined ? `&since=${Math.floor(at - MARGIN_MS)}` : ""
    const socket = new this.#Socket(socketUrl(`/?channels=${DEMO_CHANNEL}${since}`))
    this.#socket = socket
    socket.onopen = () => {
      this.#openedAt = Date.now()
      if (at !== undefined && since === "") this.listener.unasked()
      this.#heardAt ??= this.#openedAt
      this.listener.changed("on")
    }
    socket.onmessage = ({ data }) => {
      this.#attempts = 0
      this.#heardAt = Date.now()
      const said = readText(String(data))
      this.listener.arrived({ said, isRecovered: said.sentAt !== undefined && said.sentAt < this.#openedAt })
    }
    socket.onclose = (close) => this.#closed(close)
  }

  #closed({ code, reason }: SocketClose): void {
    const why = reason === "" ? `code ${code}` : `code ${code}, ${reason}`
    this.#socket = undefined
    if (code === INSUFFICIENT_STATE) {
      this.listener.lost(undefined)
      this.#heardAt = undefined
    }
    if (isFinal(code)) return this.listener.changed("refused", why)
    this.listener.changed("away", why)
    const longest = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts)
    this.#attempts += 1
    this.#timer = setTimeout(() => this.#open(), Math.random() * longest)
  }
}
