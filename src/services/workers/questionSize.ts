/** About how many bytes a question or an answer holds in memory while it waits. */
import type { ClientInfo } from "../../protocol/centrifuge/messages.ts"
import type { Asked, Said } from "./questions.ts"

/** What an object, its short fields and its place in a queue take. */
const BASE = 200

const ofInfo = (info: ClientInfo | undefined): number =>
  info === undefined
    ? 0
    : (info.user?.length ?? 0) + (info.connInfo?.length ?? 0) + (info.chanInfo?.length ?? 0)

const ofTags = (tags: Readonly<Record<string, string>> | undefined): number => {
  let size = 0
  for (const name in tags) size += name.length + tags[name]!.length
  return size
}

export const sizeOf = (asked: Asked): number => {
  switch (asked._tag) {
    case "Publish": {
      const { info, tags, idempotencyKey = "" } = asked.options
      return (
        BASE + asked.channel.length + asked.data.length + idempotencyKey.length + ofInfo(info) + ofTags(tags)
      )
    }
    case "Announce":
    case "AddPresence":
      return BASE + asked.channel.length + ofInfo(asked.info)
    case "Emulate":
      return BASE + asked.data.length
    case "DropPresence":
      return BASE
    default:
      return BASE + asked.channel.length
  }
}

export const sizeOfAnswer = (said: Said): number => {
  let size = BASE
  if (said._tag === "History")
    for (const { data, info, tags } of said.publications)
      size += BASE + data.length + ofInfo(info) + ofTags(tags)
  else if (said._tag === "Clients") for (const [, info] of said.clients) size += BASE + ofInfo(info)
  return size
}
