/** The other end of a session without a socket: what it is told, whole, and how it ended. */
import type { CloseReason } from "../../../src/protocol/closeCodes.ts"
import { FakeConnection } from "../FakeConnection.ts"

export class FakeClient extends FakeConnection {
  readonly frames: Array<Buffer> = []
  closes = 0

  override get isSession(): boolean {
    return true
  }

  override send(data: Uint8Array): boolean {
    if (this.isClosing || this.room <= 0) return false
    this.room--
    this.frames.push(Buffer.from(data))
    return true
  }

  override close(why: CloseReason): void {
    this.closes++
    super.close(why)
  }

  /** A message of the client: text, bytes, or commands, one on each line. */
  say(...said: ReadonlyArray<string | Uint8Array | object>): void {
    const frame =
      said[0] instanceof Uint8Array
        ? said[0]
        : Buffer.from(said.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n"))
    this.owner?.message(this, frame, false)
  }

  /** The messages so far, of clients that speak JSON. */
  get lines(): ReadonlyArray<string> {
    return this.frames.flatMap((frame) => frame.toString().replace(/\n$/, "").split("\n"))
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the server says is looked into
  get told(): ReadonlyArray<any> {
    return this.lines.map((line) => JSON.parse(line))
  }

  get endedAs(): number | undefined {
    return this.closedWith?.code
  }

  /** "3502 stale"; empty while it goes on. */
  get ending(): string {
    return this.closedWith === undefined ? "" : `${this.closedWith.code} ${this.closedWith.reason}`
  }
}
