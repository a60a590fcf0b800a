/**
 * Sockets that are not open yet, in the order in which they were started. As all have the same time, only the oldest have to be looked
 * at to find those that are late.
 */
import type { ClientSocket } from "./ClientSocket.ts"

const isOpening = ({ state }: ClientSocket): boolean => state === "connecting" || state === "handshaking"

export class OpeningSockets {
  #sockets: Array<ClientSocket> = []
  /** The first that may still be opening. */
  #head = 0

  add(socket: ClientSocket): void {
    this.#sockets.push(socket)
  }

  /** Ends those that began more than `withinMs` ago. */
  sweep(now: number, withinMs: number): void {
    while (this.#head < this.#sockets.length) {
      const socket = this.#sockets[this.#head]!
      if (isOpening(socket)) {
        if (now - socket.startedAt <= withinMs) break
        socket.timeOut()
      }
      this.#head++
    }
    // What is done with is let go, without moving the rest at each sweep.
    if (this.#head * 2 >= this.#sockets.length) {
      this.#sockets = this.#sockets.slice(this.#head)
      this.#head = 0
    }
  }
}
