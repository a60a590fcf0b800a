/** WebSockets that run over a cable: cut, they end for the client as a connection whose network is gone (1006), and for the server, too. */
import type { Cable } from "./Cable.ts"

export interface SocketClose {
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean
}

/** What clients use of a WebSocket. */
export interface Socket {
  onopen: (() => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: unknown) => void) | null
  onclose: ((event: SocketClose) => void) | null
  readonly readyState: number
  send(data: string): void
  close(): void
}

const CUT: SocketClose = { code: 1006, reason: "", wasClean: false }

/** A class that stands in for `WebSocket`. */
export const socketsOver = (cable: Cable): (new (url: string) => Socket) =>
  class implements Socket {
    onopen: Socket["onopen"] = null
    onmessage: Socket["onmessage"] = null
    onerror: Socket["onerror"] = null
    onclose: Socket["onclose"] = null
    readonly #socket: WebSocket | undefined
    #release = () => {}

    constructor(url: string) {
      if (cable.isCut) {
        // A constructor tells nothing yet: nobody listens.
        setTimeout(() => this.#fail())
        return
      }
      const socket = new WebSocket(url)
      this.#socket = socket
      this.#release = cable.attach(() => {
        socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null
        socket.close()
        this.#fail()
      })
      socket.onopen = () => this.onopen?.()
      socket.onmessage = (event) => this.onmessage?.(event)
      socket.onerror = (event) => this.onerror?.(event)
      socket.onclose = (event) => {
        this.#release()
        this.onclose?.(event)
      }
    }

    get readyState(): number {
      return this.#socket?.readyState ?? WebSocket.CLOSED
    }

    send(data: string): void {
      this.#socket?.send(data)
    }

    close(): void {
      this.#socket?.close()
    }

    #fail(): void {
      this.onerror?.(undefined)
      this.onclose?.(CUT)
    }
  }
