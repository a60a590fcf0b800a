/** Publications of a history, with their payloads as they were published. */
import { elements, members } from "../../../protocol/rawJson.ts"

export interface Publication {
  readonly offset: number
  /** The source text of its data; where that is not JSON, in base64. */
  readonly data: string
  readonly isBase64: boolean
  readonly user?: string | undefined
  readonly tags?: string | undefined
}

/** What the answer has as it stands in its text: parsing would change large numbers. */
export const publicationsOf = (text: string): ReadonlyArray<Publication> => {
  const result = members(text)?.get("result")
  const list = result === undefined ? undefined : members(result)?.get("publications")
  return (list === undefined ? [] : (elements(list) ?? [])).map((publication) => {
    const parts = members(publication)!
    const info = parts.get("info")
    const user = info === undefined ? undefined : (JSON.parse(info) as { user?: string }).user
    const data = parts.get("data")
    return {
      offset: Number(parts.get("offset") ?? 0),
      data: data ?? (JSON.parse(parts.get("b64data") ?? '""') as string),
      isBase64: data === undefined,
      user,
      tags: parts.get("tags")
    }
  })
}
