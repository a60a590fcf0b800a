/** Clients that were cut off and come back all at once: each goes on from where it stood, and is ready when it has all that it missed. */
import type { ClientSocket } from "clarion/client/ClientSocket"
import { LatencyHistogram } from "clarion/client/metrics/LatencyHistogram"
import { Clients } from "./Clients.ts"
import { connectCommands, isSubscribed, type Position } from "./clientProtocol.ts"
import { dialects } from "./dialects.ts"
import type { OpenOrder, Recovered } from "./orders.ts"

/** Connections that are under way at the same time: as many as the kernel lets wait for the server, and some reserve. */
const PENDING = 2000

const RECOVERED = Buffer.from('"recovered":true')
const PUBLICATION = Buffer.from('{"data":"')

export class Returning extends Clients {
  private readonly latency = new LatencyHistogram()

  /** @param missed publications that each of them has to get */
  constructor(
    order: OpenOrder,
    private readonly positions: ReadonlyMap<string, Position>,
    private readonly missed: number
  ) {
    super(order, { path: dialects.channels.path, pending: PENDING })
  }

  async recover(): Promise<Recovered> {
    const { seconds } = await this.open()
    return { seconds, clientMs: this.latency.summary() }
  }

  onOpen(socket: ClientSocket): void {
    const channel = this.channels[socket.slot]!
    socket.sendText(connectCommands(channel, this.positions.get(channel)))
  }

  onText(socket: ClientSocket, bytes: Buffer): void {
    if (!isSubscribed(bytes)) return
    const publications = countOf(PUBLICATION, bytes)
    if (!bytes.includes(RECOVERED) || publications !== this.missed)
      return this.failed(
        `a client recovered ${publications} of ${this.missed}: ${bytes.toString("utf8", 0, 300)}`
      )
    this.latency.record(this.now() - socket.startedAt)
    this.isReady()
  }
}

const countOf = (part: Buffer, bytes: Buffer): number => {
  let count = 0
  for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + part.length)) count++
  return count
}
