/** A stream on Node's HTTP server: the body of an answer that goes on. */
import type { ServerResponse } from "node:http"
import type { CloseReason } from "../../protocol/closeCodes.ts"
import { StreamConnection, type StreamHost } from "../hot/StreamConnection.ts"
import type { StreamAnswer } from "../Transport.ts"
import { writeProgress } from "./WsConnection.ts"

export class NodeStream extends StreamConnection {
  /** The code with which we ended it. */
  #endsAs: number | undefined

  constructor(
    readonly response: ServerResponse,
    host: StreamHost,
    countedAs: string
  ) {
    super(host, countedAs)
  }

  get isOpen(): boolean {
    return this.#endsAs === undefined && !this.response.destroyed
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
    else this.#write(first)
  }

  /** Writes at once. Left to itself, Node would hold the bytes back until the end of the turn, and they would look as if they waited. */
  #write(data: Uint8Array): void {
    const { socket } = this.response
    socket?.cork()
    this.response.write(data)
    socket?.uncork()
  }

  send(data: Uint8Array): boolean {
    if (!this.isOpen || this.backlog > this.host.sendBuffer) return false
    this.#write(data)
    if (this.backlog > 0) this.host.intake.stalledWrites.watch(this)
    return true
  }

  close(why: CloseReason): void {
    const { response } = this
    if (!this.isOpen) return
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
