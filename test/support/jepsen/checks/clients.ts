/** What clients were delivered: everything they are due, once, in order, and nothing else. */
import type { Position } from "../History.ts"
import type { Anomaly } from "./Anomaly.ts"
import { isRefused, type Publication } from "./publications.ts"
import { type ChannelRecord, isSameStream } from "./streams.ts"
import { type Delivery, reached, type Stretch, type Watch } from "./watches.ts"

const nameOf = ({ client, channel }: Watch): string => `${client} in ${channel}`

const deliveriesOf = ({ stretches }: Watch): ReadonlyArray<Delivery> =>
  stretches.flatMap(({ deliveries }) => deliveries)

const duplicates = (watch: Watch): ReadonlyArray<Anomaly> => {
  const first = new Map<string, Delivery>()
  return deliveriesOf(watch).flatMap((delivery): ReadonlyArray<Anomaly> => {
    const before = first.get(delivery.payload)
    if (before === undefined) {
      first.set(delivery.payload, delivery)
      return []
    }
    const text = `${nameOf(watch)}: ${delivery.payload} at ${before.offset} and again at ${delivery.offset}`
    return [{ kind: "duplicate", text, events: [before.index, delivery.index] }]
  })
}

const reorders = (watch: Watch): ReadonlyArray<Anomaly> =>
  watch.stretches.flatMap(({ index, from, deliveries }) => {
    let highest = { offset: from, index }
    return deliveries.flatMap((delivery): ReadonlyArray<Anomaly> => {
      const before = highest
      if (delivery.offset > before.offset) {
        highest = delivery
        return []
      }
      const text = `${nameOf(watch)}: ${delivery.payload} at ${delivery.offset}, after ${before.offset}`
      return [{ kind: "reorder", text, events: [before.index, delivery.index] }]
    })
  })

/** Of one stretch, that are found: an offset that is out of all proportion must not hold up the report. */
const MISSING = 10_000

/** Offsets that it went past without being given what stands there. */
const missingIn = (stretch: Stretch, top: number): ReadonlyArray<number> => {
  const given = new Set(stretch.deliveries.map(({ offset }) => offset))
  const missing: Array<number> = []
  for (let offset = stretch.from + 1; offset <= top && missing.length < MISSING; offset++)
    if (!given.has(offset)) missing.push(offset)
  return missing
}

/** Up to where it has to have been given everything: in the end, the top of the stream. */
const dueUpTo = (watch: Watch, stretch: Stretch, top: Position | undefined): number =>
  top !== undefined && stretch === watch.stretches.at(-1) && stretch.epoch === top.epoch
    ? Math.max(top.offset, reached(stretch))
    : reached(stretch)

const gaps = (watch: Watch, { top, publications }: ChannelRecord): ReadonlyArray<Anomaly> => {
  const acknowledged = new Set(
    publications.flatMap(({ acks }) => acks.map(({ position: { offset, epoch } }) => `${offset} ${epoch}`))
  )
  return watch.stretches.flatMap((stretch): ReadonlyArray<Anomaly> => {
    // What is known to stand there is told as lost.
    const missing = missingIn(stretch, dueUpTo(watch, stretch, top)).filter(
      (offset) => !acknowledged.has(`${offset} ${stretch.epoch}`)
    )
    if (missing.length === 0) return []
    const text = `${nameOf(watch)}: from ${stretch.from} on, without ${shorten(missing)}`
    return [{ kind: "gap", text, events: [stretch.index] }]
  })
}

const shorten = (offsets: ReadonlyArray<number>): string =>
  offsets.length <= 10 ? offsets.join(", ") : `${offsets.slice(0, 10).join(", ")} … (${offsets.length})`

/** It was told that what stands there is gone for it. */
const isForgiven = (stretches: ReadonlyArray<Stretch>, { offset, epoch }: Position): boolean =>
  stretches.some((before, at) => {
    const after = stretches[at + 1]
    if (after === undefined) return false
    const isBehind = isSameStream(epoch, before.epoch) && offset > reached(before)
    const isBefore = isSameStream(epoch, after.epoch) && offset <= after.from
    return before.epoch === after.epoch
      ? isBehind && isBefore
      : isBehind || isBefore || isOfNeither(before, after, epoch)
  })

const isOfNeither = (before: Stretch, after: Stretch, epoch: string): boolean =>
  !isSameStream(epoch, before.epoch) && !isSameStream(epoch, after.epoch)

const isDue = ({ stretches }: Watch, publication: Publication): boolean => {
  const [first] = stretches
  if (first === undefined || publication.acks.length === 0) return false
  const { position } = publication.acks[0]!
  if (isForgiven(stretches, position)) return false
  const isCovered = stretches.some(({ epoch, from }) => epoch === position.epoch && position.offset > from)
  return isCovered || publication.invoked > first.index
}

const losses = (watch: Watch, { publications, isSettled }: ChannelRecord): ReadonlyArray<Anomaly> => {
  const given = new Set(deliveriesOf(watch).map(({ payload }) => payload))
  return publications
    .filter((publication) => !given.has(publication.payload) && isDue(watch, publication))
    .flatMap((publication): ReadonlyArray<Anomaly> => {
      const { index, position } = publication.acks[0]!
      // Before all was healed it may still be on its way.
      const isPassed = watch.stretches.some(
        (stretch) =>
          stretch.epoch === position.epoch &&
          position.offset > stretch.from &&
          position.offset < reached(stretch)
      )
      if (!isSettled && !isPassed) return []
      const text = `${nameOf(watch)}: ${publication.payload}, acknowledged at ${position.offset}, never came`
      return [{ kind: "lost", text, events: [index] }]
    })
}

const inventions = (
  watch: Watch,
  byPayload: ReadonlyMap<string, Publication>,
  isRun: (payload: string) => boolean
): ReadonlyArray<Anomaly> =>
  deliveriesOf(watch).flatMap(({ index, offset, payload }): ReadonlyArray<Anomaly> => {
    if (isRun(payload)) return []
    const publication = byPayload.get(payload)
    const where = `${nameOf(watch)}: ${payload} at ${offset}`
    if (publication === undefined || publication.invoked > index)
      return [{ kind: "invented", text: where, events: [index] }]
    return isRefused(publication)
      ? [{ kind: "refused", text: where, events: [publication.invoked, index] }]
      : []
  })

const toldBreaks = (watch: Watch): ReadonlyArray<Anomaly> => {
  let epoch = ""
  const broken = watch.subscribed.flatMap((one): ReadonlyArray<Anomaly> => {
    const before = epoch
    epoch = one.epoch
    if (one.recovered && !isSameStream(before, one.epoch))
      return [
        {
          kind: "epoch",
          text: `${nameOf(watch)}: recovered from ${before} into ${one.epoch}`,
          events: [one.index]
        }
      ]
    if (one.recovered || !one.wasRecovering) return []
    const text = `${nameOf(watch)}: from now on ${one.offset} of ${one.epoch}`
    return [{ kind: "unrecovered", text, events: [one.index] }]
  })
  const ended = watch.ended.map(
    ({ index, reason }): Anomaly => ({ kind: "ended", text: `${nameOf(watch)}: ${reason}`, events: [index] })
  )
  return [...broken, ...ended]
}

/** @param isRun whether a payload is that of a schedule's run, which nobody has invoked */
export const clientAnomalies = (
  record: ChannelRecord,
  isRun: (payload: string) => boolean
): ReadonlyArray<Anomaly> => {
  const byPayload = new Map(record.publications.map((publication) => [publication.payload, publication]))
  return record.watches.flatMap((watch) => [
    ...duplicates(watch),
    ...reorders(watch),
    ...gaps(watch, record),
    ...losses(watch, record),
    ...inventions(watch, byPayload, isRun),
    ...toldBreaks(watch)
  ])
}
