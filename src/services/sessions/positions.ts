/**
 * Compares what subscribers have got with where the broker stands: who follows a position and was left behind, by a mailbox that was full or a
 * broker that lost something, is told even where nothing more is published.
 */
import * as Effect from "effect/Effect"
import type { Broker, BrokerUnavailable } from "../broker/Broker.ts"
import { streamOptions } from "../channels/streams.ts"
import type { StreamPosition } from "../hot/ChannelEvent.ts"
import type { Room } from "../hot/Room.ts"
import type { Registry } from "./Registry.ts"
import type { SessionSubscription } from "./SessionSubscription.ts"

/** What came here must have come to the rooms; whether all came here is the broker's own care. */
const WHERE_IT_STANDS = { limit: 0, mayBeOld: true } as const

/** Rooms that are compared at a time. */
const CONCURRENCY = 16

/** One subscription of each room that follows a position. */
const positioned = (registry: Registry): ReadonlyMap<Room, SessionSubscription> => {
  const rooms = new Map<Room, SessionSubscription>()
  for (const session of registry.clients.values())
    for (const subscription of session.subscriptions.values())
      if (subscription.isPositioned) rooms.set(subscription.room, subscription)
  return rooms
}

/** Rooms with somebody behind the last time, and where the broker stood: what was on its way then has arrived since. */
export type Suspects = Map<Room, StreamPosition>

/** One round. Who is behind twice, by the same publications, has missed them. */
export const checkPositions = (
  broker: Broker["Service"],
  registry: Registry,
  suspects: Suspects
): Effect.Effect<void, BrokerUnavailable> =>
  Effect.suspend(() => {
    const before = new Map(suspects)
    suspects.clear()
    return Effect.forEach(
      positioned(registry),
      ([room, { channel, options }]) =>
        Effect.map(broker.history(channel, WHERE_IT_STANDS, streamOptions(options)!), (top) => {
          const known = before.get(room)
          const lost = known === undefined ? [] : room.behind(known)
          for (const subscription of lost) subscription.subscriber.insufficient(subscription)
          if (lost.length === 0 && room.behind(top).length > 0) suspects.set(room, top)
        }),
      { concurrency: CONCURRENCY, discard: true }
    )
  })
