/**
 * The clients of one server, in the driver process: opens them, lets the first one trigger messages, and checks that each got each.
 *
 * A round is `depth` messages sent at once, and over when every connection has got all of them. What a connection got is counted for
 * each connection on its own, so that one message too many here cannot hide one too few there.
 */
import type { ClientSocket } from "clarion/client/ClientSocket"
import { type Closed, Connector, type SocketOwner } from "clarion/client/Connector"
import { LatencyHistogram } from "clarion/client/metrics/LatencyHistogram"
import type { SocketError } from "clarion/client/SocketError"
import { type Dialect, dialects } from "./dialects.ts"
import type { Opened, OpenOrder, Rounds, RoundsOrder } from "./orders.ts"
import { PAYLOAD_BYTES, payload, stampAt } from "./payload.ts"

/** Connections that are under way at the same time. */
const PENDING = 200
const LOCAL_ADDRESSES = ["127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"]
const OPEN_MS = 60_000
const ROUND_MS = 20_000
/** After so many short rounds one after the other nothing will come any more. */
const MAX_SHORT = 3

export class Crowd implements SocketOwner {
  readonly now = () => performance.now()
  private readonly dialect: Dialect
  private readonly connectors: ReadonlyArray<Connector>
  private readonly sockets: Array<ClientSocket> = []
  private readonly wanted: number
  private hearing = 0
  private problem: string | undefined
  /** Ends the wait for everyone to hear, or for the end of a round. */
  private wake: () => void = () => {}

  private depth = 0
  private stamps: ReadonlyArray<number> = []
  private latency = new LatencyHistogram()
  private readonly got: Uint16Array
  private complete = 0
  private delivered = 0
  private stray = 0

  constructor({ port, dialect, connections }: OpenOrder) {
    this.dialect = dialects[dialect]
    this.wanted = connections
    this.got = new Uint16Array(connections)
    const ip = "127.0.0.1"
    const { path } = this.dialect
    const target = { secure: false, hostname: ip, address: ip, host: `${ip}:${port}`, port, path }
    this.connectors = LOCAL_ADDRESSES.map(
      (localAddress) => new Connector({ owner: this, target, localAddress })
    )
  }

  async open(): Promise<Opened> {
    const startedAt = this.now()
    const everyone = this.wait(OPEN_MS)
    while (this.sockets.length < Math.min(PENDING, this.wanted)) this.connectNext()
    await everyone
    if (this.hearing < this.wanted || this.problem !== undefined) {
      const why = this.problem ?? `the rest took more than ${OPEN_MS} ms`
      throw new Error(`${this.hearing} of ${this.wanted} connections opened; ${why}`)
    }
    return { connections: this.hearing, seconds: (this.now() - startedAt) / 1000 }
  }

  async rounds({ depth, rounds, forMs }: RoundsOrder): Promise<Rounds> {
    this.latency = new LatencyHistogram()
    this.depth = depth
    this.delivered = 0
    this.stray = 0
    const startedAt = this.now()
    const roundMs: Array<number> = []
    let short = 0
    let shortInARow = 0
    const isDue = () => roundMs.length < rounds || this.now() - startedAt < forMs
    // Without one of its connections no round can become whole.
    while (isDue() && shortInARow < MAX_SHORT && this.problem === undefined) {
      const { ms, isWhole } = await this.round()
      roundMs.push(ms)
      shortInARow = isWhole ? 0 : shortInARow + 1
      if (!isWhole) short++
    }
    const { delivered, stray, problem } = this
    const seconds = (this.now() - startedAt) / 1000
    return { depth, seconds, delivered, short, stray, problem, roundMs, latencyMs: this.latency.summary() }
  }

  onOpen(): void {
    if (!this.dialect.greets) this.hears()
  }

  /** One pass over a broadcast; the greeting and pings of a dialect are told by their length. */
  onText(socket: ClientSocket, bytes: Buffer): void {
    const { prefix, suffix } = this.dialect
    const isBroadcast = bytes.length === prefix.length + PAYLOAD_BYTES + suffix.length
    const stamp = isBroadcast ? stampAt(bytes, prefix.length) : -1
    if (stamp >= 0) this.heard(socket.slot, stamp)
    else if (this.dialect.control(socket, bytes)) this.hears()
    else if (!this.dialect.greets) this.stray++
  }

  onBinary(): void {
    this.stray++
  }

  onClosed(_: ClientSocket, { code }: Closed): void {
    this.failed(`the server closed with ${code}`)
  }

  onFailed(_: ClientSocket, { kind, message }: SocketError): void {
    this.failed(`${kind}: ${message}`)
  }

  private connectNext(): void {
    const slot = this.sockets.length
    const socket = this.connectors[slot % this.connectors.length]!.connect()
    socket.slot = slot
    this.sockets.push(socket)
  }

  private hears(): void {
    this.hearing++
    if (this.sockets.length < this.wanted) this.connectNext()
    if (this.hearing === this.wanted) this.wake()
  }

  /** A bench whose connections fail measures something else: it stops. */
  private failed(why: string): void {
    this.problem ??= why
    this.wake()
  }

  private async round(): Promise<{ readonly ms: number; readonly isWhole: boolean }> {
    this.got.fill(0)
    this.complete = 0
    const over = this.wait(ROUND_MS)
    const startedAt = this.now()
    this.stamps = Array.from({ length: this.depth }, (_, i) => Math.round(startedAt * 1e6) + i)
    for (const stamp of this.stamps) {
      this.sockets[0]!.sendText(this.dialect.prefix + payload(stamp) + this.dialect.suffix)
    }
    await over
    return { ms: this.now() - startedAt, isWhole: this.complete === this.wanted }
  }

  private heard(slot: number, stamp: number): void {
    const count = this.got[slot]!
    // Messages of one connection come in the order in which they were sent: the count tells which one this must be.
    if (this.stamps[count] !== stamp) {
      this.stray++
      return
    }
    this.got[slot] = count + 1
    this.delivered++
    this.latency.record(this.now() - stamp / 1e6)
    if (count + 1 === this.depth && ++this.complete === this.wanted) this.wake()
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
