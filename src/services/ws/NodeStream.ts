/** A stream on Node's HTTP server: the body of an answer that goes on. */
import type { ServerResponse } from "node:http"
import type { CloseReason } from "../../protocol/closeCodes.ts"
import { Connection } from "../hot/Connection.ts"
import type { WatchedConnection } from "../hot/StalledWrites.ts"
import type { StreamHost } from "../hot/StreamHost.ts"
import type { StreamAnswer } from "../Transport.ts"
import { writeProgress } from "./WsConnection.ts"

export class NodeStream extends Connection implements WatchedConnection {
  /** The code with which we ended it. */
  #endsAs: number | undefined

  /** @param countedAs the address that the admission counts; empty when it counts none */
  constructor(
    readonly response: ServerResponse,
    readonly host: StreamHost,
    readonly countedAs: string
  ) {
    super()
  }

  override get isSession(): boolean {
    return true
  }

  get address(): string {
    return this.response.socket?.remoteAddress ?? this.countedAs
  }

  get backlog(): number {
    return this.response.writableLength
  }

  get progress(): number {
    const { socket } = this.response
    return socket === null ? 0 : writeProgress(socket)
  }

  /** Writes the head and the first bytes. */
  begin({ headers, first }: StreamAnswer): void {
    const { response } = this
    response.writeHead(200, headers.flat())
    if (first === undefined) response.flushHeaders()
    else response.write(first)
  }

  send(data: Uint8Array): boolean {
    const { response } = this
    if (response.writableEnded || response.destroyed || this.backlog > this.host.sendBuffer) return false
    // Node answers false from 16 KiB on; less than that the next turn of the loop takes, or it comes to be more.
    if (!response.write(data)) this.host.intake.stalledWrites.watch(this)
    return true
  }

  ping(): void {}

  close(why: CloseReason): void {
    const { response } = this
    if (this.#endsAs !== undefined || response.destroyed) return
    this.#endsAs = why.code
    this.leave()
    if (this.backlog > 0) this.host.intake.stalledWrites.watch(this)
    response.end()
  }

  terminate(): void {
    this.response.destroy()
  }

  /** To be called when the response is gone. */
  gone(): void {
    this.host.intake.closed(this, this.countedAs, this.#endsAs ?? 1006)
  }
}
