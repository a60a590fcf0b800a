/** What the form for a new schedule sends. */
import { channelNames } from "../publish/publication.ts"

export const triggers = ["at", "every", "cron"] as const
export type TriggerKind = (typeof triggers)[number]

export interface Typed {
  readonly about: string
  readonly kind: TriggerKind
  /** Of a field of the browser: local, "2026-03-29T09:00". */
  readonly at: string
  readonly every: string
  readonly cron: string
  readonly timeZone: string
  readonly channels: string
  /** JSON, as it goes out. */
  readonly data: string
}

const triggerOf = ({ kind, at, every, cron, timeZone }: Typed): object => {
  if (kind === "every") return { every }
  if (kind === "cron") return { cron, ...(timeZone.trim() === "" ? {} : { timeZone: timeZone.trim() }) }
  const time = new Date(at)
  return { at: Number.isNaN(time.getTime()) ? at : time.toISOString() }
}

/** What is missing, before anybody is asked. */
export const missing = (typed: Typed): string | undefined => {
  if (typed[typed.kind].trim() === "") return "Say when it is due."
  return channelNames(typed.channels).length === 0 ? "Name a channel at least." : undefined
}

/** The request that makes a schedule. The payload goes as it was typed, byte for byte. */
export const scheduleBody = (typed: Typed): string => {
  const head = JSON.stringify({
    ...triggerOf(typed),
    ...(typed.about === "" ? {} : { about: typed.about }),
    channels: channelNames(typed.channels)
  })
  return `${head.slice(0, -1)},"data":${typed.data}}`
}

/** The same, where only the due times are wanted. */
export const previewOf = (typed: Typed): string => JSON.stringify({ ...triggerOf(typed), count: PREVIEWED })

const PREVIEWED = 5
