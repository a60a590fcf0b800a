/**
 * A subscriber that counts what arrives on the wire: the library would count payloads only, and cost CPU of its own.
 */
import { once } from "node:events"
import { connect, type Socket } from "node:net"

export class RawListener {
  bytes = 0
  #waiting: { readonly bytes: number; readonly done: () => void } | undefined

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk) => {
      this.bytes += chunk.length
      if (this.#waiting !== undefined && this.bytes >= this.#waiting.bytes) {
        this.#waiting.done()
        this.#waiting = undefined
      }
    })
  }

  /** Completes when the server has its subscription. */
  static async open(port: number, subject: string): Promise<RawListener> {
    const socket = connect(port, "127.0.0.1")
    await once(socket, "connect")
    socket.write(`CONNECT {"verbose":false,"headers":true}\r\nSUB ${subject} 1\r\nPING\r\n`)
    for (let text = ""; !text.includes("PONG"); )
      text += ((await once(socket, "data")) as [Buffer])[0].toString("latin1")
    return new RawListener(socket)
  }

  /** Completes when so many bytes have come since it was opened, or since the last `restart`. */
  arrived(bytes: number): Promise<void> {
    if (this.bytes >= bytes) return Promise.resolve()
    return new Promise((done) => {
      this.#waiting = { bytes, done }
    })
  }

  restart(): void {
    this.bytes = 0
  }

  close(): void {
    this.socket.destroy()
  }
}
