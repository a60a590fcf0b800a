/**
 * Where a client without an SDK goes on from: `epoch:offset`, for several channels `a=epoch:offset&b=…`, or the milliseconds since the epoch
 * at which it last was there.
 */
import * as Effect from "effect/Effect"
import type { Broker, BrokerUnavailable, StreamOptions } from "../broker/Broker.ts"
import type { ChannelPublication, StreamPosition } from "../hot/ChannelEvent.ts"

export type Since = ReadonlyMap<string, StreamPosition> | { readonly ms: number }

const POSITION = /^([^:=]+):(\d{1,15})$/
const MILLISECONDS = /^\d{1,15}$/

const parsePosition = (text: string): StreamPosition | undefined => {
  const [, epoch, offset] = POSITION.exec(text) ?? []
  return epoch === undefined ? undefined : { epoch, offset: Number(offset) }
}

/** Undefined: it is none of these. A position without a channel is that of the only one. */
export const parseSince = (text: string, channels: ReadonlyArray<string>): Since | undefined => {
  if (MILLISECONDS.test(text)) return { ms: Number(text) }
  const single = parsePosition(text)
  if (single !== undefined) return channels.length === 1 ? new Map([[channels[0]!, single]]) : undefined
  const positions = new Map<string, StreamPosition>()
  for (const [channel, value] of new URLSearchParams(text)) {
    const position = parsePosition(value)
    if (position === undefined) return undefined
    positions.set(channel, position)
  }
  return positions.size === 0 ? undefined : positions
}

/** "epoch:offset" */
export const formatPosition = ({ epoch, offset }: StreamPosition): string => `${epoch}:${offset}`

export const formatPositions = (positions: Iterable<readonly [string, StreamPosition]>): string =>
  new URLSearchParams(
    Array.from(positions, ([channel, at]): [string, string] => [channel, formatPosition(at)])
  ).toString()

/** No stream has this epoch. */
const UNKNOWN: StreamPosition = { epoch: "_", offset: 0 }

/**
 * The position just before a time, by what is kept; with an epoch that no stream has where the publications of that time are gone.
 *
 * @param newest publications, newest first: as many as are recovered at most, and one more
 * @param keptSince what was published later than this has not expired: milliseconds since the epoch
 */
export const positionAt = (
  ms: number,
  newest: ReadonlyArray<ChannelPublication>,
  { epoch, offset }: StreamPosition,
  keptSince: number
): StreamPosition => {
  const before = newest.find(({ time }) => time < ms)
  if (before !== undefined) return { epoch, offset: before.offset }
  const oldest = newest.at(-1)
  if (oldest === undefined) return offset === 0 || ms >= keptSince ? { epoch, offset } : UNKNOWN
  return oldest.offset === 1 ? { epoch, offset: 0 } : UNKNOWN
}

/** Reads what `positionAt` needs. */
export const readPositionAt = (
  broker: Broker["Service"],
  channel: string,
  ms: number,
  stream: StreamOptions,
  limit: number,
  now: number
): Effect.Effect<StreamPosition, BrokerUnavailable> =>
  Effect.map(broker.history(channel, { limit: limit + 1, isReverse: true }, stream), (history) =>
    positionAt(ms, history.publications, history, now - stream.ttlMs)
  )
