/** A TCP port in front of a server, which a test can cut, close and hold. It ends with the test. */
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from "node:net"
import { onTestFinished } from "vitest"

export class TcpLink {
  readonly #sockets = new Set<Socket>()
  /** What goes from where to where, in both directions of each connection. */
  readonly #ways = new Set<readonly [from: Socket, into: Socket]>()
  #isOpen = true
  #isHeld = false
  #reopened: Array<() => void> = []

  private constructor(
    readonly server: Server,
    /** Where connections go from now on. */
    public to: number,
    readonly host: string
  ) {
    server.on("connection", (socket) => void this.#join(socket))
  }

  static async before(port: number, host = "127.0.0.1"): Promise<TcpLink> {
    const server = createServer()
    const link = new TcpLink(server, port, host)
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
    const outer = dial(this.to, this.host)
    this.#sockets.add(outer)
    for (const way of [[inner, outer] as const, [outer, inner] as const]) this.#carry(way)
  }

  #carry(way: readonly [from: Socket, into: Socket]): void {
    const [from, into] = way
    this.#ways.add(way)
    from.on("error", () => {})
    from.on("close", () => {
      this.#ways.delete(way)
      into.destroy()
    })
    if (!this.#isHeld) from.pipe(into)
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

  /** Connections stay and new ones are taken, and nothing gets through until `release`. */
  hold(): void {
    this.#isHeld = true
    for (const [from, into] of this.#ways) from.unpipe(into).pause()
  }

  release(): void {
    this.#isHeld = false
    for (const [from, into] of this.#ways) from.pipe(into)
  }

  open(): void {
    this.#isOpen = true
    for (const resume of this.#reopened) resume()
    this.#reopened = []
  }
}
