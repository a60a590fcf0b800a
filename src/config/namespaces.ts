/** A list of channel namespaces as one configuration value. */
import { channelKeys } from "./channelKeys.ts"
import { namedList } from "./namedList.ts"

export const namespaces = namedList(
  "a list of namespaces: objects with a name and channel options",
  "what stands before the first colon of a channel",
  channelKeys
)
