/** What stands where in each channel, after everything that acknowledgements, deliveries and reads say of it. */
import type { EventOf, HistoryEvent, Position } from "../History.ts"
import type { Publication } from "./publications.ts"
import type { Watch } from "./watches.ts"

/** Somebody says that this payload stands at this position. */
export interface Claim {
  readonly index: number
  readonly payload: string
  readonly position: Position
}

export interface Read {
  readonly index: number
  readonly event: EventOf<"read">
}

/** The text of an empty epoch is that of a stream nobody was told of yet: it may be any. */
export const isSameStream = (one: string, other: string): boolean =>
  one === other || one === "" || other === ""

export interface ChannelRecord {
  readonly channel: string
  readonly publications: Array<Publication>
  readonly watches: Array<Watch>
  readonly reads: Array<Read>
  readonly claims: Array<Claim>
  /** Everything was healed, and clients have had what they will get. */
  readonly isSettled: boolean
  /** Where the stream stood at last: of the reads after everything was healed, the highest. */
  top: Position | undefined
}

const claimsOf = (record: ChannelRecord): ReadonlyArray<Claim> => [
  ...record.publications.flatMap(({ payload, acks }) => acks.map((ack) => ({ ...ack, payload }))),
  ...record.watches.flatMap(({ stretches }) =>
    stretches.flatMap(({ epoch, deliveries }) =>
      deliveries.map(({ index, offset, payload }) => ({ index, payload, position: { offset, epoch } }))
    )
  ),
  ...record.reads.flatMap(({ index, event }) =>
    event.entries.map(({ offset, payload }) => ({
      index,
      payload,
      position: { offset, epoch: event.position.epoch }
    }))
  )
]

export const channelRecords = (
  events: ReadonlyArray<HistoryEvent>,
  publications: Iterable<Publication>,
  watches: ReadonlyArray<Watch>
): ReadonlyArray<ChannelRecord> => {
  const records = new Map<string, ChannelRecord>()
  const settled = events.findLastIndex(({ type }) => type === "settled")
  const isSettled = settled >= 0
  const recordOf = (channel: string): ChannelRecord => {
    const empty = { channel, publications: [], watches: [], reads: [], claims: [], isSettled, top: undefined }
    const record = records.get(channel) ?? empty
    records.set(channel, record)
    return record
  }
  for (const publication of publications) recordOf(publication.channel).publications.push(publication)
  for (const watch of watches) recordOf(watch.channel).watches.push(watch)
  for (const [index, event] of events.entries())
    if (event.type === "read") recordOf(event.channel).reads.push({ index, event })
  for (const record of records.values()) {
    record.claims.push(...claimsOf(record))
    if (!isSettled) continue
    for (const { index, event } of record.reads)
      if (index > settled && event.position.offset >= (record.top?.offset ?? 0)) record.top = event.position
  }
  return [...records.values()]
}
