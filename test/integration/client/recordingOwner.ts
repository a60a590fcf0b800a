/** What tests of the client wait with: an owner that writes down what its connections tell, one line each, and lets a test wait for a line; and a signal. */
import type { ClientSocket } from "../../../src/client/ClientSocket.ts"
import type { Closed, SocketOwner } from "../../../src/client/Connector.ts"
import type { SocketError } from "../../../src/client/SocketError.ts"

export class RecordingOwner implements SocketOwner {
  readonly lines: Array<string> = []
  readonly errors: Array<SocketError> = []
  /** What to do on opening, before any message of the same read is told. */
  whenOpen: (socket: ClientSocket) => void = () => {}
  private waiting: Array<{ count: number; line: RegExp; resolve: () => void }> = []

  now(): number {
    return performance.now()
  }
  onOpen(socket: ClientSocket): void {
    this.write("open")
    this.whenOpen(socket)
  }
  onText(_: ClientSocket, bytes: Buffer): void {
    this.write(`text ${bytes.toString()}`)
  }
  onBinary(_: ClientSocket, bytes: Buffer): void {
    this.write(`binary ${bytes.toString("hex")}`)
  }
  onClosed(_: ClientSocket, { code, reason, clean }: Closed): void {
    this.write(`closed ${code} ${reason} ${clean ? "clean" : "unclean"}`)
  }
  onFailed(socket: ClientSocket, error: SocketError): void {
    this.errors.push(error)
    this.write(`failed ${error.kind} ${socket.opened ? "after" : "before"} opening`)
  }

  /** Settles once `count` lines match; the test's own time limit is the bound. */
  heard(line: RegExp, count = 1): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ count, line, resolve })
      this.settle()
    })
  }
  /** The end of one connection, whichever it is. */
  ended(count = 1): Promise<void> {
    return this.heard(/^(closed|failed) /, count)
  }

  private write(line: string): void {
    this.lines.push(line)
    this.settle()
  }
  private settle(): void {
    for (const { count, line, resolve } of this.waiting) {
      if (this.lines.filter((heard) => line.test(heard)).length >= count) resolve()
    }
  }
}

/** A promise and what settles it. */
export const signal = <A>(): { readonly told: Promise<A>; readonly tell: (value: A) => void } => {
  let tell: (value: A) => void = () => {}
  const told = new Promise<A>((resolve) => {
    tell = resolve
  })
  return { told, tell }
}
