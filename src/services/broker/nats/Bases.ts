/** What the next message of a log is to follow, and which operations are still to go into it: those whose idempotency keys the log does not hold. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { BrokerUnavailable } from "../Broker.ts"
import { type ChannelLogs, topOf } from "./ChannelLogs.ts"
import type { KeyClaims } from "./KeyClaims.ts"
import type { Stored } from "./LogPart.ts"
import type { Top } from "./LogState.ts"
import { isCheckedUpTo, leastChecked, type Operation, withoutChecked, withoutKnown } from "./operations.ts"
import type { Tops } from "./Tops.ts"
import type { Turns } from "./Turns.ts"

/** What a message is to follow. */
export interface Base {
  readonly top: Top
  /** It was the last message a moment ago; else some time ago. */
  readonly isRead: boolean
  /** Those that are still to be written. */
  readonly operations: ReadonlyArray<Operation>
}

export class Bases {
  /** @param keysBehind what the log holds of idempotency keys */
  constructor(
    readonly logs: ChannelLogs,
    readonly tops: Tops,
    readonly turns: Turns,
    readonly now: () => number,
    readonly keysBehind: KeyClaims["behind"]
  ) {}

  /**
   * What the next message follows; undefined: it has to be asked again. What is known may be old: keys are looked for up to a message that was read, and
   * what follows that one is stored only where nothing else does.
   */
  readonly next = Effect.fnUntraced(function* (
    this: Bases,
    channel: string,
    operations: ReadonlyArray<Operation>,
    known: Top | undefined,
    losses: number
  ): Effect.fn.Return<Base | undefined, BrokerUnavailable> {
    if (known !== undefined && isCheckedUpTo(operations, known.seq))
      return { top: known, isRead: false, operations }
    const noted = this.tops.get(channel)?.seq ?? 0
    const last = yield* this.#read(channel, losses)
    // A server that leads since a moment ago, or that does not know yet that another one does, may say what was.
    if (last.seq < noted) return undefined
    const base = { top: topOf(last), isRead: true, operations }
    if (last.seq === 0 || isCheckedUpTo(operations, last.seq)) return base
    const keys = yield* Effect.result(this.keysBehind(channel, leastChecked(operations, last.seq), last))
    if (Result.isFailure(keys)) return { ...base, operations: withoutChecked(operations, keys.failure) }
    return keys.success && { ...base, operations: withoutKnown(operations, keys.success, last.seq) }
  })

  /** The last message. Who loses again and again asks the one who wrote it for a turn. */
  #read(channel: string, losses: number): Effect.Effect<Stored, BrokerUnavailable> {
    const began = this.now()
    return Effect.tap(this.logs.last(channel), ({ record }) =>
      Effect.sync(() => {
        if (losses > 1 && record !== undefined)
          this.turns.ask(record.origin.node, channel, this.now() - began)
      })
    )
  }
}
