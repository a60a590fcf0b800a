/** Whether the cluster tells one story of its streams: one publication at one position, in the order of real time, and never less than it said. */
import type { HistoryEvent } from "../History.ts"
import type { Anomaly } from "./Anomaly.ts"
import type { Publication } from "./publications.ts"
import type { ChannelRecord, Claim } from "./streams.ts"

const placeOf = ({ position: { offset, epoch } }: Claim): string => `${offset} of ${epoch}`

/** The first two claims that do not agree, for each key. */
const disagreements = (
  claims: ReadonlyArray<Claim>,
  keyOf: (claim: Claim) => string,
  valueOf: (claim: Claim) => string
): ReadonlyArray<readonly [Claim, Claim]> => {
  const first = new Map<string, Claim>()
  const told = new Set<string>()
  return claims.flatMap((claim) => {
    const key = keyOf(claim)
    const before = first.get(key)
    if (before === undefined) first.set(key, claim)
    if (before === undefined || told.has(key) || valueOf(before) === valueOf(claim)) return []
    told.add(key)
    return [[before, claim] as const]
  })
}

const agreement = (
  { channel, claims }: ChannelRecord,
  isRun: (payload: string) => boolean
): ReadonlyArray<Anomaly> => {
  const known = claims.filter(({ position }) => position.epoch !== "")
  const payloadOf = ({ payload }: Claim) => payload
  const conflicts = disagreements(known, placeOf, payloadOf).map(
    ([one, other]): Anomaly => ({
      kind: "conflict",
      text: `${channel}: ${one.payload} and ${other.payload} at ${placeOf(one)}`,
      events: [one.index, other.index]
    })
  )
  const doubles = disagreements(known, payloadOf, placeOf).map(
    ([one, other]): Anomaly => ({
      kind: isRun(one.payload) ? "doubled run" : "doubled",
      text: `${channel}: ${one.payload} at ${placeOf(one)} and at ${placeOf(other)}`,
      events: [one.index, other.index]
    })
  )
  return [...conflicts, ...doubles]
}

/** Of those in one stream, by falling offsets: what stands behind must not have been acknowledged before what is before it was asked for. */
const misordered = ({ channel, publications }: ChannelRecord): ReadonlyArray<Anomaly> => {
  const acknowledged = publications.filter(({ acks }) => acks.length > 0)
  const offsetOf = ({ acks }: Publication) => acks[0]!.position.offset
  const epochs = new Set(acknowledged.map(({ acks }) => acks[0]!.position.epoch))
  return [...epochs].flatMap((epoch) => {
    let earliest: Publication | undefined
    return acknowledged
      .filter(({ acks }) => acks[0]!.position.epoch === epoch)
      .sort((a, b) => offsetOf(b) - offsetOf(a))
      .flatMap((publication): ReadonlyArray<Anomaly> => {
        const behind = earliest
        if (behind === undefined || publication.acks[0]!.index < behind.acks[0]!.index) earliest = publication
        if (behind === undefined || behind.acks[0]!.index > publication.invoked) return []
        const text = `${channel}: ${publication.payload} at ${offsetOf(publication)}, asked for after ${
          behind.payload
        } was acknowledged at ${offsetOf(behind)}`
        return [{ kind: "misordered", text, events: [behind.acks[0]!.index, publication.invoked] }]
      })
  })
}

/** A read has to know all that was acknowledged before it was asked. */
const reads = (
  { channel, publications, reads }: ChannelRecord,
  events: ReadonlyArray<HistoryEvent>
): ReadonlyArray<Anomaly> =>
  reads.flatMap(({ index, event: { asked, node, position, entries } }) => {
    const payloads = new Set(entries.map(({ payload }) => payload))
    const first = entries[0]?.offset ?? position.offset + 1
    return publications.flatMap(({ payload, acks }): ReadonlyArray<Anomaly> => {
      const ack = acks.find((one) => one.position.epoch === position.epoch)
      if (ack === undefined || events[ack.index]!.at >= asked || payloads.has(payload)) return []
      const where = `${channel}: ${payload}, acknowledged at ${ack.position.offset}`
      if (ack.position.offset > position.offset)
        return [
          {
            kind: "stale",
            text: `${where}, is not known to ${node}, which is at ${position.offset}`,
            events: [ack.index, index]
          }
        ]
      // Before the first entry it was trimmed.
      if (ack.position.offset < first) return []
      return [
        { kind: "lost", text: `${where}, is not in the history of ${node}`, events: [ack.index, index] }
      ]
    })
  })

const epochs = (record: ChannelRecord): ReadonlyArray<Anomaly> => {
  const [first, ...others] = [
    ...record.claims.map(({ index, position }) => ({ index, epoch: position.epoch })),
    ...record.reads.map(({ index, event }) => ({ index, epoch: event.position.epoch }))
  ]
    .filter(({ epoch }) => epoch !== "")
    .sort((a, b) => a.index - b.index)
  const other = others.find(({ epoch }) => epoch !== first!.epoch)
  if (other === undefined) return []
  const text = `${record.channel}: ${first!.epoch}, and then ${other.epoch}`
  return [{ kind: "epoch", text, events: [first!.index, other.index] }]
}

const beyond = ({ channel, claims, watches, top }: ChannelRecord): ReadonlyArray<Anomaly> => {
  if (top === undefined) return []
  const told = [
    ...claims.map(({ index, position }) => ({ index, ...position })),
    ...watches.flatMap(({ subscribed }) => subscribed)
  ]
  const highest = told
    .filter(({ epoch, offset }) => epoch === top.epoch && offset > top.offset)
    .sort((a, b) => b.offset - a.offset)[0]
  if (highest === undefined) return []
  const text = `${channel}: ${highest.offset} was told, and the stream ends at ${top.offset}`
  return [{ kind: "beyond", text, events: [highest.index] }]
}

export const positionAnomalies = (
  record: ChannelRecord,
  events: ReadonlyArray<HistoryEvent>,
  isRun: (payload: string) => boolean
): ReadonlyArray<Anomaly> => [
  ...agreement(record, isRun),
  ...misordered(record),
  ...reads(record, events),
  ...epochs(record),
  ...beyond(record)
]
