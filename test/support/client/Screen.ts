/** A standard output that keeps what is written to it. */
import type { Output } from "../../../src/client/view/LiveView.ts"

const HIDE_CURSOR = "\u001b[?25l"
const SHOW_CURSOR = "\u001b[?25h"

export class FakeOutput implements Output {
  written = ""

  constructor(
    readonly isTTY: boolean,
    readonly columns?: number
  ) {}

  write(text: string): void {
    this.written += text
  }

  /** What was written since the last call. */
  take(): string {
    const { written } = this
    this.written = ""
    return written
  }

  get isCursorHidden(): boolean {
    return this.written.lastIndexOf(HIDE_CURSOR) > this.written.lastIndexOf(SHOW_CURSOR)
  }
}
