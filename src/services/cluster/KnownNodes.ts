/**
 * What a node knows of the others: what each said last, and how long ago. Each says within which time it will be heard of again, so silence is
 * judged right while nodes think of different numbers of nodes.
 *
 * Time is given to it in ticks of its own process (`passed`): one that is suspended lets no time pass, and accuses nobody.
 */
import * as Schema from "effect/Schema"

/** Nodes that are known at once; of further ones nothing is asked. */
export const MAX_NODES = 4096
/** Beats of others that a node hears in a tick, at most and on average: with more nodes each says more seldom that it is there. */
export const MAX_HEARD_BEATS = 200
/** A node is not believed that promises to be silent for longer. */
const MAX_PROMISE_MS = 3_600_000
/** One beat may get lost on its way, and the next one may be late by a tick. */
const BEATS_TO_MISS = 2
/** A node that has not answered a question is gone after so many ticks without a word. */
const TICKS_OF_DOUBT = 3

/** A beat has fewer bytes, whatever its name. */
export const MAX_BEAT_BYTES = 2048

/** It stands in lines of the log, and is to forge none. */
const Text = Schema.String.check(Schema.isPattern(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u))

/** What a node says of itself. */
export const Beat = Schema.Struct({
  uid: Schema.String.check(Schema.isMinLength(36), Schema.isMaxLength(36)),
  name: Text.check(Schema.isMaxLength(255)),
  version: Text.check(Schema.isMaxLength(64)),
  /** Id of the NATS server that it is connected to. */
  server: Text.check(Schema.isMaxLength(255)),
  /** Live connections. */
  connections: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  /** What all nodes are to share, in short; absent: a node of a version that did not say it. */
  configuration: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(64))),
  /** The next beat comes within so many milliseconds. */
  nextMs: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: MAX_PROMISE_MS })),
  /** Whoever hears this is to say at once, to this node alone, that it is there. */
  isAsking: Schema.optionalKey(Schema.Boolean),
  /** This is its last one. */
  isLeaving: Schema.optionalKey(Schema.Boolean)
})
export type Beat = typeof Beat.Type

interface Known {
  readonly beat: Beat
  /** In ticks of this process: when it came, and when it was last heard. */
  readonly since: number
  readonly heardAt: number
  silentMs: number
  /** It is gone when it was silent for longer. */
  allowedMs: number
  /** Whoever doubts it, it has so much time: it may still be on its way back to NATS. */
  readonly graceMs: number
}

/** @param uid of another node, which has come or is gone */
export type ToldOfNode = (uid: string, isThere: boolean, name: string) => void

/** Time between two beats of a node that knows so many others: whole ticks, so that none hears too many. */
export const beatMs = (others: number, tickMs: number): number =>
  tickMs * Math.max(1, Math.ceil(others / MAX_HEARD_BEATS))

export class KnownNodes {
  readonly nodes = new Map<string, Known>()
  readonly told = new Set<ToldOfNode>()
  /** That have passed. */
  ticks = 0
  /** Those that were there when this node was cut off. */
  readonly #hidden = new Map<string, Known>()

  constructor(readonly tickMs: number) {}

  /** False where too many are known already. */
  heard(beat: Beat): boolean {
    const { uid } = beat
    const before = this.nodes.get(uid)
    const isNew = before === undefined
    if (isNew && this.nodes.size >= MAX_NODES) return false
    const allowedMs = BEATS_TO_MISS * beat.nextMs + this.tickMs
    const heardAt = this.ticks
    const since = before?.since ?? heardAt
    this.nodes.set(uid, { beat, since, heardAt, silentMs: 0, allowedMs, graceMs: 0 })
    if (isNew) this.#tell(beat, true)
    return true
  }

  /** A tick. */
  passed(): void {
    this.ticks++
    for (const [uid, known] of this.nodes) {
      known.silentMs += this.tickMs
      if (known.silentMs > known.allowedMs) this.lose(uid)
    }
  }

  /** It owes a word, and is gone soon without one. False: that is no news. */
  doubt(uid: string): boolean {
    const known = this.nodes.get(uid)
    if (known === undefined) return false
    const allowedMs = Math.max(known.graceMs, known.silentMs + TICKS_OF_DOUBT * this.tickMs)
    if (known.allowedMs <= allowedMs) return false
    known.allowedMs = allowedMs
    return true
  }

  lose(uid: string): void {
    const known = this.nodes.get(uid)
    this.nodes.delete(uid)
    if (known !== undefined) this.#tell(known.beat, false)
  }

  /** This node is cut off: of nobody is known whether it is there. */
  hide(): void {
    for (const [uid, known] of [...this.nodes]) {
      this.#hidden.set(uid, known)
      this.lose(uid)
    }
  }

  /**
   * It is back: those that were there are there, and owe a word. Nodes come back at different times, and without those that are still on their
   * way a part would pass for the whole.
   * @param graceMs after which they are gone without a word
   */
  restore(graceMs: number): void {
    const allowedMs = Math.max(graceMs, TICKS_OF_DOUBT * this.tickMs)
    for (const [uid, known] of this.#hidden) {
      this.nodes.set(uid, { ...known, silentMs: 0, allowedMs, graceMs: allowedMs })
      this.#tell(known.beat, true)
    }
    this.#hidden.clear()
  }

  #tell({ uid, name }: Beat, isThere: boolean): void {
    for (const told of [...this.told]) told(uid, isThere, name)
  }
}
