/** The channels of the server itself, which the dashboard hears. To everyone else they are unknown. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import { channelKeys } from "../../config/channelKeys.ts"
import { resolve } from "../../config/resolve.ts"
import { dashboardChannels, OWN_NAMESPACE } from "../../protocol/dashboard.ts"

const PREFIX = `${OWN_NAMESPACE}:`
const NAMES: ReadonlySet<string> = new Set(Object.values(dashboardChannels))

/** Whether a channel is in the reserved namespace, whether or not there is one of that name. */
export const isOwnChannel = (channel: string): boolean => channel.startsWith(PREFIX)

/**
 * What they can do: the newest publication comes with every subscription, and those who have one may be told what differs alone. They are
 * states, so that what is older is of no use to anyone.
 */
export const OWN_OPTIONS: ChannelOptions = {
  ...Result.getOrThrow(resolve(channelKeys, [])),
  historySize: 1,
  historyTtl: Duration.minutes(1),
  historyMetaTtl: Duration.days(1),
  forceRecovery: true,
  forceRecoveryMode: "cache",
  autoCacheRecover: true,
  allowedDeltaTypes: ["fossil"],
  deltaPublish: true
}

/** Undefined where there is no such channel. */
export const ownOptionsOf = (channel: string): ChannelOptions | undefined =>
  NAMES.has(channel) ? OWN_OPTIONS : undefined
