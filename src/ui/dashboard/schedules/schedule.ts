/** Schedules and runs as the server tells them, and what they say to people. Times are ISO 8601, durations milliseconds. */
import { duration, moment } from "../../parts/format.ts"
import type { Receipt } from "../receipts/receipt.ts"

export const states = ["scheduled", "sending", "paused", "completed", "failed", "cancelled"] as const
export type State = (typeof states)[number] | "due"

/** An item of `GET /api/schedules`. */
export interface Schedule {
  readonly id: string
  readonly revision: number
  readonly state: State
  readonly about: string
  readonly at?: string
  readonly every?: number
  readonly cron?: string
  readonly timeZone?: string
  readonly start?: string
  readonly end?: string
  readonly due?: string
  readonly fireAt?: string
  readonly runs: number
  readonly maxRuns?: number
  readonly failure?: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly channels: ReadonlyArray<string>
  readonly channelCount: number
  readonly jitter: number
  readonly minConnections: number
  readonly catchUp: "skip" | "once" | "all"
}

/** `GET /api/schedules/:id`; the payload is in the text of the answer. */
export interface WithNext extends Schedule {
  readonly next: ReadonlyArray<string>
}

export interface Run {
  readonly id: string
  readonly number: number
  readonly isAsked: boolean
  readonly due: string
  readonly outcome: "sending" | "sent" | "gated" | "skipped" | "failed" | "interrupted"
  readonly startedAt: string
  readonly endedAt?: string
  readonly detail?: string
  readonly receipt?: Receipt
}

/** "at 2026-03-29 09:00:00", "every 10 min", "0 9 * * 1-5 (Asia/Tokyo)" */
export const triggerText = ({ at, every, cron, timeZone }: Schedule): string => {
  if (at !== undefined) return `at ${moment(Date.parse(at))}`
  if (every !== undefined) return `every ${every < 1_000 ? `${every} ms` : duration(every)}`
  return `${cron} (${timeZone})`
}

export const runsText = ({ runs, maxRuns }: Schedule): string =>
  maxRuns === undefined ? String(runs) : `${runs} of ${maxRuns}`

/** How people call it: what it is for, else its id. */
export const nameOf = ({ about, id }: Pick<Schedule, "about" | "id">): string => about || id

export const isOver = ({ state }: Schedule): boolean =>
  state === "completed" || state === "failed" || state === "cancelled"

/** Another one when something of the schedule has changed that its page shows. */
export const versionOf = ({ revision, state, runs, due, updatedAt }: Schedule): string =>
  [revision, state, runs, due, updatedAt].join(" ")

export const toneOf = (state: State | Run["outcome"]): "good" | "warn" | "bad" | undefined => {
  if (state === "failed" || state === "interrupted") return "bad"
  if (state === "paused" || state === "gated" || state === "skipped") return "warn"
  return state === "sent" || state === "sending" ? "good" : undefined
}
