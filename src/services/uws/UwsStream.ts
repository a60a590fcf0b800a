/** HOT PATH. A stream on uWebSockets.js: the body of an HTTP answer that goes on. */
import type { HttpResponse } from "uWebSockets.js"
import type { CloseReason } from "../../protocol/closeCodes.ts"
import { ByteQueue } from "../hot/ByteQueue.ts"
import { StreamConnection, type StreamHost } from "../hot/StreamConnection.ts"
import type { StreamAnswer } from "../Transport.ts"
import { addressOf, statusLine } from "./uwsHttp.ts"

/**
 * Bytes that uWebSockets.js is given at once: a write that does not fit its cork buffer of 16 KiB loses bytes when the kernel takes the buffer
 * only in part (seen with @rjweb/uws 1.5.0). It tells that the socket is full with the write after the one that filled it, and not
 * how much it keeps: so from then on it gets no more until it can write again, and the rest waits here, where it can be counted.
 */
const PIECE_BYTES = 16_000

const NOTHING = () => {}

/** First bytes that go out together with the head: headers of ours have less than what is left of the cork buffer. */
const SHORT_BYTES = 4096

export class UwsStream extends StreamConnection {
  /** Undefined when it has ended: it must not be touched then. */
  #response: HttpResponse | undefined
  /** What uWebSockets.js was not given yet; undefined when nothing waits. */
  #waiting: ByteQueue | undefined
  /** Bytes that it holds at most, as the kernel did not take all; 0: it can write. */
  #held = 0
  /** The code with which the stream ends when all that waits is out; undefined while it goes on. */
  #endsAs: number | undefined
  /** How often the socket could be written to again. */
  progress = 0

  constructor(response: HttpResponse, host: StreamHost, countedAs: string) {
    super(host, countedAs)
    this.#response = response
  }

  get isOpen(): boolean {
    return this.#response !== undefined && this.#endsAs === undefined
  }

  get address(): string {
    return this.#response === undefined ? this.countedAs : addressOf(this.#response)
  }

  get backlog(): number {
    return this.#held + (this.#waiting?.length ?? 0)
  }

  /** Writes the head and the first bytes. */
  begin({ headers, first }: StreamAnswer): void {
    const response = this.#response!
    response.onWritable(() => {
      this.#drained()
      return true
    })
    const isShort = first !== undefined && first.length <= SHORT_BYTES
    response.cork(() => {
      response.writeStatus(statusLine(200))
      for (const [name, value] of headers) response.writeHeader(name, value)
      if (isShort) response.write(first)
    })
    if (first !== undefined && !isShort) this.#write(response, first)
  }

  send(data: Uint8Array): boolean {
    const response = this.#response
    if (response === undefined || this.#endsAs !== undefined) return false
    if (this.#held === 0) this.#write(response, data)
    else if (this.backlog > this.host.sendBuffer) return false
    else this.#wait(data)
    if (this.#held > 0) this.host.intake.stalledWrites.watch(this)
    return true
  }

  close(why: CloseReason): void {
    if (this.#response === undefined || this.#endsAs !== undefined) return
    this.#endsAs = why.code
    this.leave()
    if (this.#waiting === undefined) this.#end()
  }

  terminate(): void {
    // Calls `gone`.
    this.#response?.close()
  }

  /** To be called when the socket is gone. */
  gone(): void {
    if (this.#response === undefined) return
    this.#closed(this.#endsAs ?? 1006)
  }

  #wait(data: Uint8Array): void {
    this.#waiting ??= new ByteQueue()
    this.#waiting.push(data)
  }

  /** Writes until the socket is full; the rest waits. */
  #write(response: HttpResponse, data: Uint8Array): void {
    if (data.length <= PIECE_BYTES) return this.#writePiece(response, data)
    for (let at = 0; at < data.length; at += PIECE_BYTES) {
      if (this.#held > 0) return this.#wait(data.subarray(at))
      this.#writePiece(response, data.subarray(at, at + PIECE_BYTES))
    }
  }

  #writePiece(response: HttpResponse, piece: Uint8Array): void {
    response.cork(() => {
      if (!response.write(piece)) this.#held = piece.length
    })
  }

  /** The socket can be written to again. */
  #drained(): void {
    const response = this.#response
    if (response === undefined) return
    this.progress++
    this.#held = 0
    // With a handler of ours in place, uWebSockets.js writes what it keeps only when it is asked to: at the end of any cork.
    response.cork(NOTHING)
    const waiting = this.#waiting
    while (waiting !== undefined && waiting.length > 0 && this.#held === 0)
      this.#writePiece(response, waiting.take(PIECE_BYTES))
    if (waiting?.length === 0) this.#waiting = undefined
    if (this.#endsAs !== undefined && this.#waiting === undefined) this.#end()
  }

  /** What uWebSockets.js still holds it delivers by itself, or cuts a client that takes nothing for ten seconds. */
  #end(): void {
    const response = this.#response!
    response.cork(() => response.end())
    this.#closed(this.#endsAs!)
  }

  #closed(code: number): void {
    this.#response = undefined
    this.#waiting = undefined
    this.#held = 0
    this.host.intake.closed(this, this.countedAs, code)
  }
}
