/** What the server API says of channels. */
import { type ApiAnswer, command } from "../session/ask.ts"
import { type Publication, publicationsOf } from "./publications.ts"

/** Error codes: `ErrorCodes` of the protocol. */
export const UNKNOWN_CHANNEL = 102
export const NOT_AVAILABLE = 108

/** Publications of one page of a history. */
export const HISTORY_PAGE = 20
/** Subscribers that are listed at most. */
export const PRESENCE_SHOWN = 500

export interface Found {
  readonly channel: string
  readonly subscribers: number
}

/** The channels with subscribers whose names fit, those with the most first. */
export const findChannels = async (
  pattern: string
): Promise<ReadonlyArray<Found> | { readonly problem: string }> => {
  const answer = await command<{ channels: Record<string, { num_clients: number }> }>(
    "channels",
    JSON.stringify({ pattern })
  )
  if (!answer.isOk) return { problem: answer.problem }
  return Object.entries(answer.result.channels)
    .map(([channel, { num_clients }]) => ({ channel, subscribers: num_clients }))
    .sort((a, b) => b.subscribers - a.subscribers || (a.channel < b.channel ? -1 : 1))
}

export interface Present {
  readonly client: string
  readonly user?: string
  readonly conn_info?: unknown
  readonly chan_info?: unknown
}

export const presenceOf = async (channel: string): Promise<ApiAnswer<ReadonlyArray<Present>>> => {
  const answer = await command<{ presence: Record<string, Present> }>("presence", JSON.stringify({ channel }))
  return answer.isOk ? { ...answer, result: Object.values(answer.result.presence) } : answer
}

export interface History {
  /** Newest first. */
  readonly publications: ReadonlyArray<Publication>
  readonly epoch: string
  /** Of the newest. */
  readonly offset: number
}

/** @param before newest first, those before this offset; absent: the newest */
export const historyOf = async (
  channel: string,
  before?: { readonly offset: number; readonly epoch: string }
): Promise<ApiAnswer<History>> => {
  const query = {
    channel,
    limit: HISTORY_PAGE,
    reverse: true,
    ...(before === undefined ? {} : { since: before })
  }
  const answer = await command<{ epoch: string; offset: number }>("history", JSON.stringify(query))
  if (!answer.isOk) return answer
  const { epoch, offset } = answer.result
  return { ...answer, result: { publications: publicationsOf(answer.text), epoch, offset } }
}
