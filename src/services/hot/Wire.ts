/**
 * HOT PATH. How a kind of client reads what happens in a channel: one object for each encoding, shared by all connections that take the
 * same bytes.
 */
import type { ChannelEvent } from "./ChannelEvent.ts"
import type { Frame } from "./Publication.ts"

/** A payload that this wire cannot carry: bytes that are not JSON, for a client that speaks JSON. */
export const UNFIT = Symbol("unfit")

/** Undefined: clients of this wire are not told. */
export type Encoded = Frame | typeof UNFIT | undefined

export interface Wire {
  /** Its number: 0, 1, … */
  readonly index: number
  /** Whether it goes over a connection that takes bytes as they are, without frames. */
  readonly isStream: boolean
  /**
   * @param isDelta whether the subscriber agreed to deltas, so that every payload is written as one
   * @param patch the difference to the publication before, where there is one
   */
  encode(event: ChannelEvent, isDelta: boolean, patch: Uint8Array | undefined): Encoded
  /** Several of them in fewer frames, where the protocol allows it; the groups say which stand in which frame. */
  join(frames: ReadonlyArray<Frame>): ReadonlyArray<Joined>
}

export interface Joined {
  readonly frame: Frame
  /** How many of the frames, in order, it holds. */
  readonly count: number
}

/** The event as this wire has it, made at most once for all connections of this process. */
export const encodeOnce = (
  event: ChannelEvent,
  wire: Wire,
  isDelta: boolean,
  patch: Uint8Array | undefined
): Encoded => {
  const at = wire.index * 3 + (!isDelta ? 0 : patch === undefined ? 1 : 2)
  if (at in event.encoded) return event.encoded[at]
  const encoded = wire.encode(event, isDelta, patch)
  event.encoded[at] = encoded
  return encoded
}
