/** HOT PATH. What goes to the subscribers of a channel: a publication of it, or that somebody joined or left. */
import type { ClientInfo } from "../../protocol/centrifuge/messages.ts"
import type { Delivery } from "./Publication.ts"
import type { Encoded } from "./Wire.ts"

/** The channel whose publications every raw connection hears that did not name its channels. */
export const BROADCAST_CHANNEL = "broadcast"

/** A publication as it stands in a channel's history. Nothing of it is changed afterwards. */
export interface ChannelPublication {
  /** 1, 2, … within the stream; 0 where the channel keeps no history. */
  readonly offset: number
  readonly data: Uint8Array
  /** The client that published it; absent where the server did. */
  readonly info?: ClientInfo | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Whether subscribers who agreed to deltas may get it as a difference to the publication before. */
  readonly isDelta: boolean
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** Where a stream stands: `epoch` changes when it was begun anew. */
export interface StreamPosition {
  readonly offset: number
  readonly epoch: string
}

export class ChannelEvent {
  /** What `encodeOnce` has made so far. */
  readonly encoded: Array<Encoded> = []
  /** The difference to the publication before; null where it is not smaller. Made at most once. */
  patch: Uint8Array | null | undefined

  /** @param epoch of the stream; "" where there is none */
  constructor(
    readonly kind: "publication" | "join" | "leave",
    readonly channel: string,
    /** Of a join or leave, `info` says who, and there is no data. */
    readonly publication: ChannelPublication,
    readonly epoch: string,
    readonly delivery: Delivery
  ) {}

  get data(): Uint8Array {
    return this.publication.data
  }
}
