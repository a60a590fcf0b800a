/** The namespaces whose channels have durable history. */
import { hasHistory } from "../../config/channelKeys.ts"
import type { ChannelsConfig } from "../../config/channelsKeys.ts"
import type { Namespaces } from "../history/durable/Generations.ts"
import { namespaceOf } from "./channelName.ts"

const WITHOUT = ""

export const durableNamespaces = (channels: ChannelsConfig): Namespaces => {
  const all = [{ ...channels.withoutNamespace, name: WITHOUT }, ...channels.namespaces]
  return {
    durable: all.filter((one) => hasHistory(one) && one.history.durable).map(({ name }) => name),
    syntax: JSON.stringify([channels.namespaceBoundary, channels.privatePrefix]),
    of: (channel) => namespaceOf(channel, channels) ?? WITHOUT
  }
}
