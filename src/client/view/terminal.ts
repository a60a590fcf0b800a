/**
 * Keeps a few lines in place at the end of a terminal. On anything else use `viewLogLine` and the log.
 */

/** The part of a `tty.WriteStream` that is needed. */
export interface Screen {
  write(text: string): unknown
  readonly columns?: number | undefined
}

const ESCAPE = "\u001b["
const CLEAR_BELOW = `${ESCAPE}J`
const HIDE_CURSOR = `${ESCAPE}?25l`
const SHOW_CURSOR = `${ESCAPE}?25h`

export class LiveLines {
  /** How long the lines are that stand there. */
  private shown: ReadonlyArray<number> = []
  private readonly screen: Screen

  constructor(screen: Screen) {
    this.screen = screen
  }

  /** Columns that a line may take; one is left free, as a full line would move the cursor on. */
  get columns(): number {
    return Math.max(1, (this.screen.columns ?? 80) - 1)
  }

  /** Puts these lines where the last ones were. */
  show(lines: ReadonlyArray<string>): void {
    const hide = this.shown.length === 0 ? HIDE_CURSOR : ""
    this.screen.write(`${hide}${this.toStart()}${lines.map((line) => `${line}\n`).join("")}`)
    this.shown = lines.map((line) => line.length)
  }

  /** Writes text that stays, above the lines, which come back with the next `show`. */
  print(text: string): void {
    this.screen.write(`${this.toStart()}${text}${text.endsWith("\n") ? "" : "\n"}`)
    this.shown = []
  }

  /** Leaves the lines as they are and gives the cursor back. */
  end(): void {
    this.screen.write(SHOW_CURSOR)
    this.shown = []
  }

  /** Rows that the lines take now: a terminal that became narrower has broken them. */
  private get rows(): number {
    const columns = this.screen.columns ?? Number.POSITIVE_INFINITY
    return this.shown.reduce((rows, length) => rows + Math.max(1, Math.ceil(length / columns)), 0)
  }

  private toStart(): string {
    return this.shown.length === 0 ? "" : `${ESCAPE}${this.rows}A\r${CLEAR_BELOW}`
  }
}
