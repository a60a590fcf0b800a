/** Looks for everything in a history that must not be there. Pure: a history that was written to a file can be checked again. */
import { type Anomaly, type AnomalyKind, anomalyKinds } from "./checks/Anomaly.ts"
import { clientAnomalies } from "./checks/clients.ts"
import { positionAnomalies } from "./checks/positions.ts"
import { publicationsOf } from "./checks/publications.ts"
import { firstDeliveries, runOf, scheduleAnomalies } from "./checks/schedules.ts"
import { channelRecords } from "./checks/streams.ts"
import { watchesOf } from "./checks/watches.ts"
import type { EventType, History } from "./History.ts"

export interface Verdict {
  readonly anomalies: ReadonlyArray<Anomaly>
  /** How many events of each type the history has: what was checked. */
  readonly counts: Readonly<Partial<Record<EventType, number>>>
  /** Subscriptions that were recovered. */
  readonly recoveries: number
  /** Milliseconds from its due time until somebody was delivered a run, at most; undefined without runs. */
  readonly latestRunMs: number | undefined
}

const isRun = (payload: string): boolean => runOf(payload) !== undefined

const latestRunMs = ({ events }: History): number | undefined => {
  const late = [...firstDeliveries(events).values()].map(({ lateMs }) => lateMs)
  return late.length === 0 ? undefined : Math.round(Math.max(...late))
}

export const check = (history: History): Verdict => {
  const { events } = history
  const channels = channelRecords(events, publicationsOf(events).values(), watchesOf(events))
  const counts: Partial<Record<EventType, number>> = {}
  for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1
  return {
    anomalies: [
      ...channels.flatMap((record) => [
        ...clientAnomalies(record, isRun),
        ...positionAnomalies(record, events, isRun)
      ]),
      ...scheduleAnomalies(channels, events)
    ],
    counts,
    recoveries: events.filter((event) => event.type === "subscribed" && event.recovered).length,
    latestRunMs: latestRunMs(history)
  }
}

/** Of one kind, in a report. */
const SHOWN = 10

const linesOf = (kind: AnomalyKind, anomalies: ReadonlyArray<Anomaly>, { events }: History) => [
  `${kind}: ${anomalyKinds[kind]} (${anomalies.length})`,
  ...anomalies
    .slice(0, SHOWN)
    .flatMap((anomaly) => [
      `  ${anomaly.text}`,
      ...anomaly.events.map((index) => `    #${index} ${JSON.stringify(events[index]).slice(0, 300)}`)
    ]),
  ...(anomalies.length > SHOWN ? [`  and ${anomalies.length - SHOWN} more`] : [])
]

/** For people: each kind with its anomalies and the events that show them, and what was done to the cluster. */
export const report = (history: History, { anomalies, counts, recoveries, latestRunMs }: Verdict): string => {
  const kinds = [...new Set(anomalies.map(({ kind }) => kind))]
  const faults = history.events.flatMap((event, index) =>
    event.type === "fault" ? [`  #${index} ${new Date(event.at).toISOString()} ${event.does}`] : []
  )
  return [
    anomalies.length === 0 ? "no anomalies" : `${anomalies.length} anomalies`,
    ...kinds.flatMap((kind) =>
      linesOf(
        kind,
        anomalies.filter((one) => one.kind === kind),
        history
      )
    ),
    `seed ${history.seed}, ${recoveries} recoveries, latest run ${latestRunMs ?? "-"} ms, ${JSON.stringify(counts)}`,
    ...(faults.length > 0 ? ["faults:", ...faults] : [])
  ].join("\n")
}
