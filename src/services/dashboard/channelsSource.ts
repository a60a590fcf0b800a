/** The channels with the most subscribers. */
import * as Effect from "effect/Effect"
import { type ChannelState, type ChannelsState, dashboardChannels } from "../../protocol/dashboard.ts"
import { Channels, isErrorCode } from "../channels/Channels.ts"
import { streamOptions } from "../channels/streams.ts"
import { Hub } from "../Hub.ts"
import { type ChannelCount, countChannels, LargestChannels } from "../LargestChannels.ts"
import { makeNow } from "../now.ts"
import type { FeedSource } from "./Feed.ts"

const EVERY_MS = 2000
const SHOWN = 100

export const makeChannelsSource = Effect.gen(function* () {
  const hub = yield* Hub
  const { optionsOf } = yield* Channels
  const largest = yield* LargestChannels
  const now = yield* makeNow
  const stateOf = ([channel, subscribers]: ChannelCount): ChannelState => {
    const options = optionsOf(channel)
    return isErrorCode(options)
      ? { channel, subscribers, hasPresence: false, hasHistory: false }
      : {
          channel,
          subscribers,
          hasPresence: options.presence,
          hasHistory: streamOptions(options) !== undefined
        }
  }
  const source: FeedSource = {
    channel: dashboardChannels.channels,
    everyMs: EVERY_MS,
    // Its largest channels, and the sizes of the largest of all.
    answersOfNodes: 2,
    read: Effect.map(largest.find(SHOWN), (found) => () => {
      const total = countChannels(hub, Object.values(dashboardChannels))
      const state: ChannelsState = { at: Math.round(now()), total, shown: found.map(stateOf) }
      return JSON.stringify(state)
    })
  }
  return source
})
