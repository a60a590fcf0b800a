/** The clients of one server: opened at the driver's pace, and known to be ready one by one. */
import type { ClientSocket } from "clarion/client/ClientSocket"
import { type Closed, Connector, type SocketOwner } from "clarion/client/Connector"
import type { SocketError } from "clarion/client/SocketError"
import { channelName } from "./channelNames.ts"
import type { Opened, OpenOrder } from "./orders.ts"

const LOCAL_ADDRESSES = 4
const OPEN_MS = 60_000

export interface OpeningOptions {
  readonly path: string
  /** Connections that are under way at the same time. */
  readonly pending: number
}

export abstract class Clients implements SocketOwner {
  readonly now = () => performance.now()
  protected readonly sockets: Array<ClientSocket> = []
  /** The channel of each connection, by its slot. */
  protected readonly channels: ReadonlyArray<string>
  protected readonly wanted: number
  /** What went wrong first. */
  protected problem: string | undefined
  /** Ends the wait for everyone to be ready, or for the end of a round. */
  protected wake: () => void = () => {}
  private readonly connectors: ReadonlyArray<Connector>
  private ready = 0
  private left = 0
  private isCut = false

  constructor(
    protected readonly order: OpenOrder,
    private readonly options: OpeningOptions
  ) {
    const { port, connections, channels, prefix, addresses = LOCAL_ADDRESSES } = order
    this.wanted = connections
    this.channels = Array.from({ length: connections }, (_, slot) => channelName(prefix, slot % channels))
    const ip = "127.0.0.1"
    const { path } = options
    const target = { secure: false, hostname: ip, address: ip, host: `${ip}:${port}`, port, path }
    this.connectors = Array.from(
      { length: addresses },
      (_, i) => new Connector({ owner: this, target, localAddress: `127.0.1.${i + 1}` })
    )
  }

  async open(): Promise<Opened> {
    const startedAt = this.now()
    const everyone = this.wait(OPEN_MS)
    while (this.sockets.length < Math.min(this.options.pending, this.wanted)) this.connectNext()
    await everyone
    if (this.ready < this.wanted || this.problem !== undefined) {
      const why = this.problem ?? `the rest took more than ${OPEN_MS} ms`
      throw new Error(`${this.ready} of ${this.wanted} connections opened; ${why}`)
    }
    return { connections: this.ready, seconds: (this.now() - startedAt) / 1000 }
  }

  /** Ends all of them without a word, as a network that breaks does. */
  async cut(): Promise<Opened> {
    const startedAt = this.now()
    const everyone = this.wait(OPEN_MS)
    this.isCut = true
    for (const socket of this.sockets) socket.terminate()
    await everyone
    return { connections: this.left, seconds: (this.now() - startedAt) / 1000 }
  }

  abstract onOpen(socket: ClientSocket): void
  abstract onText(socket: ClientSocket, bytes: Buffer): void

  onBinary(): void {
    this.failed("a binary message came")
  }

  onClosed(_: ClientSocket, { code, reason }: Closed): void {
    this.left++
    if (!this.isCut) this.failed(`the server closed with ${code} ${reason}`)
    else if (this.left === this.wanted) this.wake()
  }

  onFailed(_: ClientSocket, { kind, message }: SocketError): void {
    this.failed(`${kind}: ${message}`)
  }

  /** To be called once for each connection. */
  protected isReady(): void {
    this.ready++
    if (this.sockets.length < this.wanted) this.connectNext()
    if (this.ready === this.wanted) this.wake()
  }

  /** A bench whose connections fail measures something else: it stops. */
  protected failed(why: string): void {
    this.problem ??= why
    this.wake()
  }

  protected wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private connectNext(): void {
    const slot = this.sockets.length
    const socket = this.connectors[slot % this.connectors.length]!.connect()
    socket.slot = slot
    this.sockets.push(socket)
  }
}
