/**
 * Clients that hear: lets messages be published into their channels, and checks that each got each of its own channel.
 *
 * A round is `depth` messages for each channel, published at once, and over when every connection has got all of its channel's. What a
 * connection got is counted for each connection on its own, so that one message too many here cannot hide one too few there; and a message
 * says by its stamp which one of which channel it is.
 */
import type { ClientSocket } from "clarion/client/ClientSocket"
import { LatencyHistogram } from "clarion/client/metrics/LatencyHistogram"
import { ApiPublisher, type ChannelMessage } from "./ApiPublisher.ts"
import { Clients } from "./Clients.ts"
import { channelName } from "./channelNames.ts"
import { type Position, positionIn } from "./clientProtocol.ts"
import { type Dialect, dialects } from "./dialects.ts"
import type { OpenOrder, Rounds, RoundsOrder } from "./orders.ts"
import { PAYLOAD_BYTES, payload, stampAt } from "./payload.ts"

/** Connections that are under way at the same time. */
const PENDING = 200
const ROUND_MS = 20_000
/** After so many short rounds one after the other nothing will come any more. */
const MAX_SHORT = 3

export class Crowd extends Clients {
  private readonly dialect: Dialect
  private readonly payloadAt: number
  private readonly api: ApiPublisher
  /** Where each channel stood when its first client subscribed, for channels that keep history. */
  readonly positions = new Map<string, Position>()

  private depth = 0
  /** When the round began, in nanoseconds: the stamp of the first message; others follow by one. */
  private base = 0
  private latency = new LatencyHistogram()
  private readonly got: Uint16Array
  private complete = 0
  private delivered = 0
  private stray = 0

  constructor(override readonly order: OpenOrder) {
    super(order, { path: dialects[order.dialect].path, pending: PENDING })
    this.dialect = dialects[order.dialect]
    this.payloadAt = this.dialect.payloadAt(order.prefix)
    this.api = new ApiPublisher(order.apiPort ?? order.port)
    this.got = new Uint16Array(order.connections)
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

  onOpen(socket: ClientSocket): void {
    const { greeting } = this.dialect
    if (greeting === undefined) return this.isReady()
    const said = greeting(this.channels[socket.slot]!)
    if (said !== "") socket.sendText(said)
  }

  /** One pass over a frame and the messages in it; what is no publication is told by the lack of a stamp. */
  onText(socket: ClientSocket, bytes: Buffer): void {
    const { dialect, payloadAt } = this
    let at = 0
    while (at >= 0 && at < bytes.length) {
      const stamp = stampAt(bytes, at + payloadAt)
      if (stamp < 0) return this.control(socket, bytes)
      this.heard(socket.slot, stamp)
      at = dialect.end(bytes, at + payloadAt + PAYLOAD_BYTES)
    }
    if (at < 0) this.stray++
  }

  private control(socket: ClientSocket, bytes: Buffer): void {
    const { dialect, order } = this
    const channel = this.channels[socket.slot]!
    if (!dialect.control(socket, bytes, channel)) {
      if (dialect.greeting === undefined) this.stray++
      return
    }
    if (order.dialect === "channels" && !this.positions.has(channel)) {
      const position = positionIn(bytes)
      if (position !== undefined) this.positions.set(channel, position)
    }
    this.isReady()
  }

  private async round(): Promise<{ readonly ms: number; readonly isWhole: boolean }> {
    this.got.fill(0)
    this.complete = 0
    const over = this.wait(ROUND_MS)
    const startedAt = this.now()
    this.base = Math.round(startedAt * 1e6)
    await this.dialect.publish({ first: this.sockets[0]!, api: this.api }, this.messages())
    await over
    return { ms: this.now() - startedAt, isWhole: this.complete === this.wanted }
  }

  private messages(): ReadonlyArray<ChannelMessage> {
    const { channels, prefix } = this.order
    return Array.from({ length: channels * this.depth }, (_, i) => ({
      channel: channelName(prefix, Math.floor(i / this.depth)),
      payload: payload(this.base + i)
    }))
  }

  private heard(slot: number, stamp: number): void {
    const count = this.got[slot]!
    // Messages of one channel come in the order in which they were sent: the count tells which one this must be.
    const expected = this.base + (slot % this.order.channels) * this.depth + count
    if (stamp !== expected || count === this.depth) {
      this.stray++
      return
    }
    this.got[slot] = count + 1
    this.delivered++
    this.latency.record(this.now() - this.base / 1e6)
    if (count + 1 === this.depth && ++this.complete === this.wanted) this.wake()
  }
}
