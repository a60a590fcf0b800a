/** Each due time of a schedule has one run. */
import type { EventOf, HistoryEvent } from "../History.ts"
import type { Anomaly } from "./Anomaly.ts"
import type { ChannelRecord } from "./streams.ts"

/** The payload by which a run is known, where it is published. */
export const runPayload = (id: string, due: number): string => `run ${id} ${due}`

const RUN = /^run (\S+) (\d+)$/

export const runOf = (payload: string): { readonly id: string; readonly due: number } | undefined => {
  const found = RUN.exec(payload)
  return found === null ? undefined : { id: found[1]!, due: Number(found[2]) }
}

type Trigger = EventOf<"schedule">

interface Schedule {
  /** The last that was asked for. */
  readonly trigger: Trigger
  readonly index: number
  /** Somebody was told that it is as it was asked for. */
  readonly isKnown: boolean
  readonly records: ReadonlyArray<{ readonly index: number; readonly event: EventOf<"runs"> }>
}

const schedulesOf = (events: ReadonlyArray<HistoryEvent>): ReadonlyMap<string, Schedule> => {
  const schedules = new Map<string, Schedule>()
  for (const [index, event] of events.entries())
    if (event.type === "schedule") {
      const records = schedules.get(event.id)?.records ?? []
      schedules.set(event.id, { trigger: event, index, isKnown: false, records })
    } else if (event.type === "scheduled" || event.type === "runs") {
      const schedule = schedules.get(event.id)
      if (schedule === undefined) continue
      const more = event.type === "runs" ? [{ index, event }] : []
      schedules.set(event.id, {
        ...schedule,
        isKnown: schedule.isKnown || event.type === "scheduled",
        records: [...schedule.records, ...more]
      })
    }
  return schedules
}

const isDueTime = ({ start, every, end }: Trigger, due: number): boolean =>
  due >= start && (due - start) % every === 0 && (end === undefined || due < end)

const duesOf = ({ start, every, end }: Trigger): ReadonlyArray<number> =>
  Array.from(
    { length: end === undefined ? 0 : Math.ceil((end - start) / every) },
    (_, n) => start + n * every
  )

/** Before everything was healed, what is due may still come. */
const missed = (
  { trigger, index, isKnown, records }: Schedule,
  published: ReadonlySet<string>,
  isSettled: boolean
): ReadonlyArray<Anomaly> =>
  !isKnown || !isSettled
    ? []
    : duesOf(trigger)
        .filter((due) => !published.has(runPayload(trigger.id, due)))
        .map((due) => {
          const outcomes = records.flatMap(({ event }) =>
            event.runs.filter((run) => run.due === due).map(({ outcome }) => `${event.node}: ${outcome}`)
          )
          const text = `${trigger.id}: nothing of ${due} (${outcomes.join(", ") || "no record"})`
          return { kind: "missed run", text, events: [index] }
        })

const recorded = ({ trigger, records }: Schedule): ReadonlyArray<Anomaly> =>
  records.flatMap(({ index, event }) => {
    const counts = new Map<number, number>()
    for (const { due } of event.runs) counts.set(due, (counts.get(due) ?? 0) + 1)
    return [...counts]
      .filter(([, count]) => count > 1)
      .map(([due, count]): Anomaly => {
        const text = `${trigger.id}: ${event.node} has ${count} records of ${due}`
        return { kind: "doubled run", text, events: [index] }
      })
  })

const published = (
  { channel, claims }: ChannelRecord,
  schedules: ReadonlyMap<string, Schedule>,
  events: ReadonlyArray<HistoryEvent>
): ReadonlyArray<Anomaly> => {
  const told = new Set<string>()
  return claims.flatMap(({ index, payload }): ReadonlyArray<Anomaly> => {
    const run = runOf(payload)
    if (run === undefined || told.has(payload)) return []
    const schedule = schedules.get(run.id)
    const isAsked =
      schedule !== undefined && schedule.trigger.channel === channel && isDueTime(schedule.trigger, run.due)
    const isEarly = events[index]!.at < run.due
    if (isAsked && !isEarly) return []
    told.add(payload)
    return [{ kind: isAsked ? "early run" : "unasked run", text: `${channel}: ${payload}`, events: [index] }]
  })
}

/** Each run by when somebody was delivered it first. */
export const firstDeliveries = (
  events: ReadonlyArray<HistoryEvent>
): ReadonlyMap<string, { readonly index: number; readonly due: number; readonly lateMs: number }> => {
  const first = new Map<string, { index: number; due: number; lateMs: number }>()
  for (const [index, event] of events.entries()) {
    const run = event.type === "delivered" ? runOf(event.payload) : undefined
    if (event.type !== "delivered" || run === undefined || first.has(event.payload)) continue
    first.set(event.payload, { index, due: run.due, lateMs: event.at - run.due })
  }
  return first
}

/** Between two events that say how long processes have waited. */
export const WAITS_EVERY_MS = 500

/** What they have waited between two times, as far as that is known, and rather too much. */
const waitsIn = (events: ReadonlyArray<HistoryEvent>) => {
  const waits = events.filter((event) => event.type === "waited")
  return (from: number, to: number): number =>
    waits.filter(({ at }) => at > from && at <= to + WAITS_EVERY_MS).reduce((sum, { ms }) => sum + ms, 0)
}

/** Only where the last thing that was done before it was due lets it be promised, and not for what the machine did not let it do. */
const late = (events: ReadonlyArray<HistoryEvent>): ReadonlyArray<Anomaly> => {
  const faults = events.flatMap((event, index) => (event.type === "fault" ? [{ index, event }] : []))
  const waited = waitsIn(events)
  return [...firstDeliveries(events)].flatMap(([payload, { index, due, lateMs }]): ReadonlyArray<Anomaly> => {
    const fault = faults.findLast(({ event }) => event.at <= due)
    const { runsWithinMs = Number.POSITIVE_INFINITY, does } = fault?.event ?? {}
    if (lateMs <= runsWithinMs) return []
    const waitedMs = waited(due, due + lateMs)
    if (lateMs <= runsWithinMs + waitedMs) return []
    const text = `${payload} came after ${Math.round(lateMs)} ms, of at most ${runsWithinMs} and ${Math.round(waitedMs)} without a CPU (${does})`
    return [{ kind: "late run", text, events: [fault!.index, index] }]
  })
}

export const scheduleAnomalies = (
  channels: ReadonlyArray<ChannelRecord>,
  events: ReadonlyArray<HistoryEvent>
): ReadonlyArray<Anomaly> => {
  const schedules = schedulesOf(events)
  const isSettled = events.some(({ type }) => type === "settled")
  const seen = new Map(
    channels.map(({ channel, claims }) => [channel, new Set(claims.map(({ payload }) => payload))])
  )
  return [
    ...[...schedules.values()].flatMap((schedule) => [
      ...missed(schedule, seen.get(schedule.trigger.channel) ?? new Set(), isSettled),
      ...recorded(schedule)
    ]),
    ...channels.flatMap((record) => published(record, schedules, events)),
    ...late(events)
  ]
}
