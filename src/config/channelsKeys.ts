/** How channels are named, and what they can do: without a namespace, and in each of the namespaces. */
import { channelKeys } from "./channelKeys.ts"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { namespaces } from "./namespaces.ts"

type Options = typeof channelKeys

const withoutNamespace = Object.fromEntries(
  Object.entries(channelKeys).map(([name, option]) => [`channels.withoutNamespace.${name}`, option])
) as unknown as { readonly [K in keyof Options & string as `channels.withoutNamespace.${K}`]: Options[K] }

export const channelsKeys = {
  "channels.maxLength": key(Kind.integer(1), 255, "bytes of a channel's name"),
  "channels.namespaceBoundary": key(Kind.text, ":", "what ends the namespace in a channel's name"),
  "channels.userBoundary": key(Kind.text, "#", "what begins the users in a channel's name"),
  "channels.userSeparator": key(Kind.text, ",", "what stands between them"),
  "channels.privatePrefix": key(Kind.text, "$", "channels that begin with it need a subscription token"),
  ...withoutNamespace,
  "channels.namespaces": key(
    namespaces,
    [],
    "list of namespaces: {name, and any of the options of channels}; nothing is taken over from channels without namespace"
  )
}

export type ChannelsConfig = ConfigOf<typeof channelsKeys>["channels"]
