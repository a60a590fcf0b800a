/** What a session writes: replies and pushes, several of one turn in one frame, and the frames of channels between them. */
import type { Push, Reply } from "../../protocol/centrifuge/messages.ts"
import type { Connection } from "../hot/Connection.ts"
import type { Frame } from "../hot/Publication.ts"
import type { SessionWire } from "./wires.ts"

/** Bytes that are held back at most, so that a frame with many commands costs no more than the client may have waiting. */
const MAX_HELD_BYTES = 65_536

export abstract class SessionOutput {
  /** Messages that go out together when the present turn is over; undefined where none are held back. */
  #outgoing: Array<Uint8Array> | undefined
  #heldBytes = 0

  constructor(
    readonly connection: Connection,
    readonly wire: SessionWire
  ) {}

  /** A frame could not be written. */
  protected abstract unwritten(): void
  /** A bug: what was done together threw. */
  protected abstract failed(defect: unknown): void

  protected reply(reply: Reply): void {
    this.#write(this.wire.reply(reply))
  }

  push(push: Push): void {
    this.#write(this.wire.push(push))
  }

  ping(): void {
    this.#write(this.wire.ping)
  }

  /** A frame of a channel. What is held back goes first. */
  send({ data, isBinary }: Frame): void {
    this.flush()
    this.#sendFrame(data, isBinary)
  }

  /** Holds replies back while `work` goes on, so that they share frames. */
  protected together(work: () => void): void {
    const isOutermost = this.#outgoing === undefined
    if (isOutermost) this.#outgoing = []
    try {
      work()
    } catch (defect) {
      this.failed(defect)
    }
    if (!isOutermost) return
    this.flush()
    this.#outgoing = undefined
  }

  /** Writes what is held back. */
  flush(): void {
    const outgoing = this.#outgoing
    if (outgoing === undefined || outgoing.length === 0) return
    this.#outgoing = []
    this.#heldBytes = 0
    for (const frame of this.wire.combine(outgoing)) this.#sendFrame(frame, this.wire.isBinary)
  }

  /** Forgets what is held back. */
  protected drop(): void {
    if (this.#outgoing !== undefined) this.#outgoing = []
  }

  #write(message: Uint8Array): void {
    // Clients without an SDK are told of publications only.
    if (message.length === 0) return
    if (this.#outgoing === undefined) return this.#sendFrame(message, this.wire.isBinary)
    this.#outgoing.push(message)
    this.#heldBytes += message.length
    if (this.#heldBytes > MAX_HELD_BYTES) this.flush()
  }

  #sendFrame(data: Uint8Array, isBinary: boolean): void {
    if (!this.connection.send(data, isBinary)) this.unwritten()
  }
}
