/** What the channels of the demo page can do, where it is on. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { type ChannelOptions, channelKeys } from "../../config/channelKeys.ts"
import { resolve } from "../../config/resolve.ts"

/**
 * Who is connected may publish in what it hears, and hear nothing but the one channel: so strangers cannot make channels without end, and what
 * they publish is bounded to 200 times 4 KiB. The page sends up to 100 at once: a client that names a time to go on from is to find one that is
 * older among them.
 */
export const DEMO_OPTIONS: ChannelOptions = {
  ...Result.getOrThrow(resolve(channelKeys, [])),
  channelRegex: "^chat$",
  historySize: 200,
  historyTtl: Duration.minutes(10),
  historyMetaTtl: Duration.hours(1),
  forceRecovery: true,
  allowSubscribeForClient: true,
  allowSubscribeForAnonymous: true,
  allowPublishForSubscriber: true,
  allowPublishForAnonymous: true,
  allowHistoryForSubscriber: true,
  allowHistoryForAnonymous: true,
  publicationDataFormat: "json",
  maxDataSize: 4096
}
