/** The book of one pane: what came, and what is missing. */
import type { Said } from "./chat.ts"
import { OffsetOrder, type Position, SenderOrder } from "./order.ts"

/** A publication as one of the ways delivers it. */
export interface Arrival {
  readonly said: Said
  /** When it came: milliseconds since the epoch. */
  readonly at: number
  /** Undefined where the way tells none. */
  readonly position?: Position | undefined
  readonly isRecovered: boolean
}

export interface MessageLine {
  readonly kind: "message"
  readonly key: number
  readonly at: number
  readonly name: string | undefined
  readonly text: string
  readonly offset: number | undefined
  readonly delayMs: number | undefined
  readonly isRecovered: boolean
}

/** Something about the connection, among the messages. */
export interface NoteLine {
  readonly kind: "note"
  readonly key: number
  readonly at: number
  readonly text: string
  readonly isLoss: boolean
}

export type Line = MessageLine | NoteLine

export interface Counts {
  readonly received: number
  /** Of those received. */
  readonly recovered: number
  /** Published, but never received. */
  readonly missed: number
  /** Came a second time, and are not shown. */
  readonly repeated: number
}

const NONE: Counts = { received: 0, recovered: 0, missed: 0, repeated: 0 }

/** Lines that are kept; the counts go on. */
export const MAX_LINES = 200

export class Ledger {
  /** Newest first. */
  lines: ReadonlyArray<Line> = []
  counts: Counts = NONE
  /** More may be missing than is counted: nothing that came since has told. */
  mayMissMore = false
  readonly #offsets = new OffsetOrder()
  readonly #senders = new SenderOrder()
  #key = 0

  arrive({ said, at, position, isRecovered }: Arrival): void {
    const { name, text, mark, sentAt } = said
    if (position === undefined && mark !== undefined && this.#senders.knows(mark.sender))
      this.mayMissMore = false
    const step =
      position !== undefined
        ? this.#offsets.next(position)
        : mark === undefined
          ? 0
          : this.#senders.next(mark)
    if (step === "repeated") return this.#count({ repeated: 1 })
    if (step > 0) this.#lose(at, step)
    this.#count({ received: 1, ...(isRecovered ? { recovered: 1 } : {}) })
    const delayMs = sentAt === undefined ? undefined : at - sentAt
    this.#add({
      kind: "message",
      key: this.#nextKey(),
      at,
      name,
      text,
      offset: position?.offset,
      delayMs,
      isRecovered
    })
  }

  /** Everything after this position will come; what lies between it and what came is missing. */
  stands(at: number, position: Position): void {
    const missing = this.#offsets.skipTo(position) ?? 0
    if (missing > 0) this.#lose(at, missing)
  }

  /**
   * The server says that what came meanwhile cannot be had any more.
   *
   * @param position where the stream stands now; undefined where the way does not tell
   */
  lost(at: number, position: Position | undefined): void {
    const missing = position === undefined ? undefined : this.#offsets.skipTo(position)
    if (missing === undefined) {
      this.mayMissMore = true
      this.note(at, "What was published meanwhile is gone; how much, nobody can tell", true)
    } else if (missing > 0) this.#lose(at, missing)
  }

  /** It is back, and has asked for nothing of what it may have missed. */
  unasked(at: number): void {
    this.mayMissMore = true
    this.note(at, "What was published meanwhile is not known", true)
  }

  note(at: number, text: string, isLoss = false): void {
    this.#add({ kind: "note", key: this.#nextKey(), at, text, isLoss })
  }

  /** Empties the list and the counts; where the stream stands stays known. */
  clear(): void {
    this.lines = []
    this.counts = NONE
    this.mayMissMore = false
  }

  #lose(at: number, missing: number): void {
    this.#count({ missed: missing })
    this.note(at, `${missing} ${missing === 1 ? "message is" : "messages are"} missing here`, true)
  }

  #count(more: Partial<Counts>): void {
    const { received, recovered, missed, repeated } = this.counts
    this.counts = {
      received: received + (more.received ?? 0),
      recovered: recovered + (more.recovered ?? 0),
      missed: missed + (more.missed ?? 0),
      repeated: repeated + (more.repeated ?? 0)
    }
  }

  #add(line: Line): void {
    this.lines = [line, ...this.lines].slice(0, MAX_LINES)
  }

  #nextKey(): number {
    this.#key += 1
    return this.#key
  }
}
