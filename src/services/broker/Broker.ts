/**
 * The broker: gives the publications of a channel their offsets, keeps their history, and carries them to every process that has subscribers.
 * Every implementation is held to one suite (test/contract/brokerSuite.ts).
 *
 * Guarantees:
 * - Atomic: when `publish` succeeds, the publication has the next offset of its stream, stands in the history and is on its way to the
 *   subscribers; when it fails, a later `publish` may find that it happened all the same, which an idempotency key makes harmless.
 * - Ordered: publications of one channel reach each process in the order of their offsets, without a gap while the process is subscribed.
 * - `history` reads positions and publications at one moment: what was published before is in it, what comes after has a higher offset.
 * - After `subscribe` has succeeded nothing that is published is missed until `unsubscribe`.
 *
 * A backend that cannot keep one of these for a while fails with `BrokerUnavailable`; one that lost part of a stream begins it anew with another
 * epoch, so that clients are told that they cannot recover, and never miss something silently.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { ClientInfo } from "../../protocol/centrifuge/messages.ts"
import type { ChannelPublication, StreamPosition } from "../hot/ChannelEvent.ts"
import type { Delivery } from "../hot/Publication.ts"

/** The backend does not answer, or is not sure. Clients may try again. */
export class BrokerUnavailable extends Data.TaggedError("BrokerUnavailable")<{ readonly detail: string }> {
  override get message(): string {
    return `the broker is not available: ${this.detail}`
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
}

export interface PublishOptions {
  /** Undefined: the channel keeps no history, the publication gets offset 0. */
  readonly stream: StreamOptions | undefined
  readonly info?: ClientInfo | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly isDelta?: boolean
  /**
   * A second publication with the same key in the same channel within five minutes is suppressed, with history or without. Keys of
   * suppressed publications do not count. "" is none.
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
}

export interface History extends StreamPosition {
  /** `offset` and `epoch` are the stream's top, whatever the filter. */
  readonly publications: ReadonlyArray<ChannelPublication>
}

export class Broker extends Context.Service<
  Broker,
  {
    /** The bytes must not be changed afterwards. */
    readonly publish: (
      channel: string,
      data: Uint8Array,
      options: PublishOptions
    ) => Effect.Effect<Published, BrokerUnavailable>
    /** Tells the subscribers that somebody joined or left; without an offset, and nothing is kept. */
    readonly announce: (
      kind: "join" | "leave",
      channel: string,
      info: ClientInfo
    ) => Effect.Effect<void, BrokerUnavailable>
    /** From now on this process gets the channel's publications, through the hub. */
    readonly subscribe: (channel: string) => Effect.Effect<void, BrokerUnavailable>
    readonly unsubscribe: (channel: string) => Effect.Effect<void>
    /** Reading an unknown stream begins it: offset 0, and an epoch. An empty epoch in `since` matches any. */
    readonly history: (
      channel: string,
      filter: HistoryFilter,
      stream: StreamOptions
    ) => Effect.Effect<History, BrokerUnavailable>
    /** Removes the entries; offset and epoch stay. */
    readonly removeHistory: (channel: string) => Effect.Effect<void, BrokerUnavailable>
  }
>()("clarion/services/Broker") {}
