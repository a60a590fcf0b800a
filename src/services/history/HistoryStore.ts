/**
 * What channels keep of their publications: a stream for each channel, with offsets, entries, the last version and idempotency keys. Every
 * implementation is held to one suite (test/contract/historySuite.ts).
 *
 * Guarantees:
 * - Atomic: when `append` succeeds, the entry has the next offset of its stream, and offset, entry, idempotency key and version stand; when it
 *   fails, none of it does, or all of it: then a later `append` with the key is suppressed, and a later one without it has another offset.
 * - Ordered: each entry is told once, in the order of its stream's offsets, when it stands and before its `append` succeeds.
 * - Durable, where it says so: what was told, read or answered survives the end of the process and of the machine. So does the epoch.
 * - `read` is of one moment: what was told before is in it, what is told afterwards has a higher offset.
 * - Nothing is missed silently: a stream that lost something is begun anew with another epoch, or its first entries are missing.
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { ClientInfo } from "../../protocol/centrifuge/messages.ts"
import type { ChannelPublication, StreamPosition } from "../hot/ChannelEvent.ts"
import type { Delivery } from "../hot/Publication.ts"

/** It cannot be written, or read, now; later it may. */
export class HistoryUnavailable extends Data.TaggedError("HistoryUnavailable")<{ readonly detail: string }> {
  override get message(): string {
    return `history is not available: ${this.detail}`
  }
}

/** What a channel keeps of its publications. */
export interface StreamOptions {
  /** Publications; at least 1. */
  readonly size: number
  /** How long after the last publication the entries are kept. */
  readonly ttlMs: number
  /** How long after the last use offset and epoch are kept. */
  readonly metaTtlMs: number
  /** Whether it outlives the process. Absent: it does not. */
  readonly isDurable?: boolean
}

/** What is said of a publication beside its data. */
export interface EntryOptions {
  readonly info?: ClientInfo | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly isDelta?: boolean
  /**
   * A second publication with the same key in the same channel within five minutes is suppressed, with history or without; in a durable stream
   * also after them, as long as the first one stands in the history. Keys of suppressed publications do not count. "" is none.
   */
  readonly idempotencyKey?: string | undefined
  /**
   * Suppressed unless it is higher than the stream's last one. 0 is none; a channel without history has none. Known as long as the
   * stream's position.
   */
  readonly version?: number | undefined
  /** Another one than the last version's: versions begin anew. */
  readonly versionEpoch?: string | undefined
  /**
   * What became of it is added up here, over the connections that the process of the broker serves, itself or through its workers. Touched
   * only where something was published: not by a suppressed publication, a failed one, or one that a worker asks its primary for.
   */
  readonly delivery?: Delivery | undefined
}

export interface Published extends StreamPosition {
  /** It was known before, or older than what is known: nothing was published, and the position is the known one. */
  readonly isSuppressed: boolean
}

export interface HistoryFilter {
  /** Publications at most; 0 none, -1 all. */
  readonly limit: number
  /** Publications after it, or, in reverse, before it. With another epoch than the stream's there are none. */
  readonly since?: StreamPosition | undefined
  /** Newest first. */
  readonly isReverse?: boolean
  /** Where the stream stood when this process heard of it last is enough: the answer may be older than the question. */
  readonly mayBeOld?: boolean
}

export interface History extends StreamPosition {
  /** `offset` and `epoch` are the stream's top, whatever the filter. */
  readonly publications: ReadonlyArray<ChannelPublication>
}

/** @typeParam E what can go wrong */
export interface HistoryStore<E = HistoryUnavailable> {
  /** The bytes must not be changed afterwards. */
  readonly append: (
    channel: string,
    data: Uint8Array,
    stream: StreamOptions,
    options: EntryOptions
  ) => Effect.Effect<Published, E>
  /** Reading an unknown stream begins it: offset 0, and an epoch. An empty epoch in `since` matches any. */
  readonly read: (channel: string, filter: HistoryFilter, stream: StreamOptions) => Effect.Effect<History, E>
  /** Removes the entries; offset and epoch stay. An unknown stream is not begun. */
  readonly clear: (channel: string) => Effect.Effect<void, E>
}
