/**
 * One channel as this node hears it: brings what comes from NATS into the order of the log. What is known already is dropped, what comes too early is
 * held until what is between is there.
 */

import type { Tail } from "../../history/Tail.ts"
import type { ChannelPublication, StreamPosition } from "../../hot/ChannelEvent.ts"
import type { Stored } from "./LogPart.ts"
import type { LogRecord, Origin, PassingRecord } from "./records.ts"

/** Messages that are held at most; beyond it those of the log are read again, and others are not kept waiting. */
export const MAX_HELD = 1000

/** The message of a log that was heard last, and the offset after it. Epoch "" and sequence 0: there was no log. */
export interface Heard extends StreamPosition {
  readonly seq: number
}

export interface LogMessage {
  readonly seq: number
  readonly record: LogRecord
}

export interface EarOutput {
  /** In the order in which subscribers are to get it. @param at place in the message that it came with */
  readonly publication: (
    publication: ChannelPublication,
    epoch: string,
    origin: Origin,
    at: number,
    record: LogRecord
  ) => void
  readonly passing: (record: PassingRecord) => void
  /** Something is missing: `sync` is to read it. Not called again until then. */
  readonly missing: () => void
  /** Something waits for a publication that is probably on its way. */
  readonly early: () => void
}

export class Ear {
  /** Undefined: nothing of a log was heard or read so far. */
  heard: Heard | undefined
  /** The newest publications, where somebody wanted to read them; without a gap up to what was heard last. */
  tail: Tail | undefined
  /** True while what is missing is read. */
  isSyncing = false
  /** Its log was seen to be ahead: what is missing may come by itself. */
  isDoubted = false
  /** So much came meanwhile that some of it has to be read again. */
  overflowed = false
  #held: Array<LogMessage | PassingRecord> = []
  #early: Array<PassingRecord> = []

  constructor(
    readonly channel: string,
    readonly output: EarOutput
  ) {}

  get held(): number {
    return this.#held.length + this.#early.length
  }

  /** Where the log stood when this node began to hear it. */
  begin({ seq, record }: Stored): void {
    this.heard ??= { seq, offset: record?.state.offset ?? 0, epoch: record?.state.epoch ?? "" }
  }

  offerLog(message: LogMessage): void {
    if (this.isSyncing) this.#hold(message)
    else if (this.#isNext(message)) {
      this.#take(message)
      this.#releaseEarly()
    } else if (!this.#isKnown(message)) {
      this.#hold(message)
      this.isSyncing = true
      this.output.missing()
    }
  }

  offerPassing(record: PassingRecord): void {
    if (this.isSyncing) return this.#hold(record)
    if (!this.#isEarly(record) || this.#early.length >= MAX_HELD) return this.output.passing(record)
    this.#early.push(record)
    if (this.#early.length === 1) this.output.early()
  }

  /** What was missing, in order. What is still missing is gone: it goes on as it is, and subscribers see the gap. */
  takeMissing(messages: Iterable<LogMessage>): void {
    for (const message of messages) if (!this.#isKnown(message)) this.#take(message)
  }

  /** The log is gone, or another one stands in its place, of which nothing was heard so far. */
  restart(): void {
    this.heard = { seq: 0, offset: 0, epoch: "" }
    this.tail?.clear()
  }

  /** What came while something was read follows. True: there is still something missing. */
  release(): boolean {
    const held = this.#held
    this.#held = []
    if (this.overflowed) {
      this.overflowed = false
      this.#held = held.filter((one) => "kind" in one)
      return true
    }
    this.isSyncing = false
    for (const one of held) {
      if ("kind" in one) this.output.passing(one)
      else if (one.seq > (this.heard?.seq ?? 0)) this.#take(one)
    }
    const early = this.#early
    this.#early = []
    for (const record of early) this.output.passing(record)
    return false
  }

  #hold(message: LogMessage | PassingRecord): void {
    if (this.#held.length < MAX_HELD) this.#held.push(message)
    else if ("kind" in message) this.output.passing(message)
    else this.overflowed = true
  }

  #isEarly({ after }: PassingRecord): boolean {
    const { heard } = this
    return after !== undefined && heard?.epoch === after.epoch && heard.offset < after.offset
  }

  #releaseEarly(): void {
    while (this.#early.length > 0 && !this.#isEarly(this.#early[0]!))
      this.output.passing(this.#early.shift()!)
  }

  #isKnown({ seq, record: { state } }: LogMessage): boolean {
    const { heard } = this
    return heard !== undefined && seq <= heard.seq && (state.epoch === heard.epoch || heard.epoch === "")
  }

  /** Whether nothing is missing before it. A sequence that goes back with another epoch: it has to be looked at. */
  #isNext({ seq, record: { state, entries } }: LogMessage): boolean {
    const { heard } = this
    if (heard === undefined) return true
    if (seq <= heard.seq) return false
    if (heard.epoch !== "" && heard.epoch !== state.epoch) return true
    return state.offset - entries.length <= heard.offset
  }

  #take({ seq, record }: LogMessage): void {
    const { state, entries, origin } = record
    const { heard } = this
    const isSame = heard !== undefined && (heard.epoch === state.epoch || heard.epoch === "")
    const known = isSame ? heard.offset : 0
    if (!isSame) this.tail?.clear()
    this.heard = { seq, offset: state.offset, epoch: state.epoch }
    const fresh: Array<ChannelPublication> = []
    for (const { publication } of entries) if (publication.offset > known) fresh.push(publication)
    this.#remember(known, fresh, state.first)
    const skipped = entries.length - fresh.length
    for (const [at, publication] of fresh.entries())
      this.output.publication(publication, state.epoch, origin, skipped + at, record)
  }

  #remember(known: number, fresh: ReadonlyArray<ChannelPublication>, first: number): void {
    const { tail } = this
    if (tail === undefined) return
    if (fresh.length > 0 && fresh[0]!.offset !== known + 1) tail.clear()
    tail.append(fresh)
    tail.dropBefore(first)
  }
}
