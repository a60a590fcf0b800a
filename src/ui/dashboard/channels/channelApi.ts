/** What the server API says of channels, with payloads as they were published. */
import { elements, members } from "../../../protocol/rawJson.ts"
import { type ApiAnswer, command } from "../session/ask.ts"

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

export interface Publication {
  readonly offset: number
  /** The source text of its data; in base64 where it is not JSON. */
  readonly data: string
  readonly user?: string | undefined
  readonly tags?: string | undefined
}

export interface History {
  /** Newest first. */
  readonly publications: ReadonlyArray<Publication>
  readonly epoch: string
  /** Of the newest. */
  readonly offset: number
}

/** What the answer has as it stands in its text: parsing would change large numbers. */
export const publicationsOf = (text: string): ReadonlyArray<Publication> => {
  const result = members(text)?.get("result")
  const list = result === undefined ? undefined : members(result)?.get("publications")
  return (list === undefined ? [] : (elements(list) ?? [])).map((publication) => {
    const parts = members(publication)!
    const info = parts.get("info")
    const user = info === undefined ? undefined : (JSON.parse(info) as { user?: string }).user
    return {
      offset: Number(parts.get("offset") ?? 0),
      data: parts.get("data") ?? parts.get("b64data") ?? "",
      user,
      tags: parts.get("tags")
    }
  })
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
