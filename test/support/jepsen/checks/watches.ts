/** What each client got in each channel, cut into the stretches over which it followed one stream without being told of a break. */
import type { HistoryEvent } from "../History.ts"

export interface Delivery {
  readonly index: number
  readonly offset: number
  readonly payload: string
}

export interface Stretch {
  /** Index of the event with which it began. */
  readonly index: number
  readonly epoch: string
  /** It is due everything behind this offset. */
  readonly from: number
  readonly deliveries: Array<Delivery>
}

export interface Watch {
  readonly client: string
  readonly channel: string
  readonly stretches: ReadonlyArray<Stretch>
  /** Subscriptions that were made: index, whether it was recovering, and what the server said. */
  readonly subscribed: ReadonlyArray<{
    readonly index: number
    readonly wasRecovering: boolean
    readonly recovered: boolean
    readonly epoch: string
    readonly offset: number
  }>
  readonly ended: ReadonlyArray<{ readonly index: number; readonly reason: string }>
}

interface Open {
  readonly client: string
  readonly channel: string
  readonly stretches: Array<Stretch>
  readonly subscribed: Array<Watch["subscribed"][number]>
  readonly ended: Array<Watch["ended"][number]>
}

/** The last offset that it has. */
export const reached = ({ from, deliveries }: Stretch): number =>
  deliveries.reduce((highest, { offset }) => Math.max(highest, offset), from)

export const watchesOf = (events: ReadonlyArray<HistoryEvent>): ReadonlyArray<Watch> => {
  const watches = new Map<string, Open>()
  const watchOf = ({ client, channel }: { readonly client: string; readonly channel: string }): Open => {
    const key = `${client} ${channel}`
    const watch = watches.get(key) ?? { client, channel, stretches: [], subscribed: [], ended: [] }
    watches.set(key, watch)
    return watch
  }
  for (const [index, event] of events.entries()) {
    if (event.type === "subscribed") {
      const { stretches, subscribed } = watchOf(event)
      const { epoch, offset } = event.position
      subscribed.push({
        index,
        epoch,
        offset,
        wasRecovering: event.wasRecovering,
        recovered: event.recovered
      })
      if (!event.recovered) stretches.push({ index, epoch, from: offset, deliveries: [] })
    } else if (event.type === "delivered") {
      const { stretches } = watchOf(event)
      // A delivery before any subscription has no stream that it could be compared with.
      if (stretches.length === 0) stretches.push({ index, epoch: "", from: event.offset - 1, deliveries: [] })
      stretches.at(-1)!.deliveries.push({ index, offset: event.offset, payload: event.payload })
    } else if (event.type === "ended") watchOf(event).ended.push({ index, reason: event.reason })
  }
  return [...watches.values()]
}
