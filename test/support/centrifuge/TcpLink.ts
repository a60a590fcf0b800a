/** A TCP port in front of a server, which a test can cut and close. It ends with the test. */
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from "node:net"
import { onTestFinished } from "vitest"

export class TcpLink {
  readonly #sockets = new Set<Socket>()
  #isOpen = true
  #reopened: Array<() => void> = []

  private constructor(
    readonly server: Server,
    readonly to: number
  ) {
    server.on("connection", (socket) => void this.#join(socket))
  }

  static async before(port: number): Promise<TcpLink> {
    const server = createServer()
    const link = new TcpLink(server, port)
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => {
      server.close()
      link.cut()
    })
    return link
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async #join(inner: Socket): Promise<void> {
    this.#sockets.add(inner)
    inner.on("error", () => {})
    if (!this.#isOpen) await new Promise<void>((resolve) => void this.#reopened.push(resolve))
    if (inner.destroyed) return
    const outer = dial(this.to, "127.0.0.1")
    this.#sockets.add(outer)
    for (const [from, into] of [
      [inner, outer],
      [outer, inner]
    ] as const) {
      from.on("error", () => {})
      from.on("close", () => into.destroy())
      from.pipe(into)
    }
  }

  /** Ends all connections without a goodbye. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  /** Cuts, and keeps new connections waiting until `open`. */
  close(): void {
    this.#isOpen = false
    this.cut()
  }

  open(): void {
    this.#isOpen = true
    for (const resume of this.#reopened) resume()
    this.#reopened = []
  }
}
