/** The methods that ask about channels: presence, presence_stats, history, history_remove, channels. */
import * as Effect from "effect/Effect"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { Broker, StreamOptions } from "../broker/Broker.ts"
import type { Control } from "../Control.ts"
import { type Channels, isErrorCode } from "../channels/Channels.ts"
import { streamOptions } from "../channels/streams.ts"
import type { StreamPosition } from "../hot/ChannelEvent.ts"
import type { Presence } from "../Presence.ts"
import { makeGlob } from "./glob.ts"
import { type Outcome, whenAvailable } from "./outcome.ts"
import type {
  ChannelsRequest,
  HistoryRemoveRequest,
  HistoryRequest,
  PresenceRequest,
  PresenceStatsRequest
} from "./requests.ts"
import { channelsJson, EMPTY, historyJson, presenceJson, presenceStatsJson } from "./resultJson.ts"

export const makeChannelMethods = (
  broker: Broker["Service"],
  presences: Presence["Service"],
  control: Control["Service"],
  channels: Channels["Service"]
) => {
  /** Error 102 or 107 for a channel that cannot be, 108 for one that has not what is asked for. */
  const withOption = <A>(
    channel: string,
    option: (options: ChannelOptions) => A | undefined,
    ask: (found: A) => Effect.Effect<Outcome>
  ): Effect.Effect<Outcome> => {
    const options = channels.optionsOf(channel)
    if (isErrorCode(options)) return Effect.succeed(options)
    const found = option(options)
    return found === undefined ? Effect.succeed(ErrorCodes.notAvailable) : ask(found)
  }

  const withPresence = (channel: string, ask: Effect.Effect<Outcome>) =>
    withOption(
      channel,
      (options) => options.presence || undefined,
      () => ask
    )

  const presence = ({ channel }: PresenceRequest) =>
    withPresence(channel, whenAvailable(presences.get(channel), presenceJson))

  const presence_stats = ({ channel }: PresenceStatsRequest) =>
    withPresence(channel, whenAvailable(presences.stats(channel), presenceStatsJson))

  const history = (request: HistoryRequest) => {
    const { channel, limit = 0, reverse: isReverse = false } = request
    const since = positionOf(request)
    const read = (stream: StreamOptions) =>
      whenAvailable(broker.history(channel, { limit, since, isReverse }, stream), (found) =>
        isOtherStream(since, found) ? ErrorCodes.unrecoverablePosition : historyJson(found)
      )
    return withOption(channel, streamOptions, (stream) =>
      // Before the first publication of a stream there is none.
      isReverse && since?.offset === 0 ? Effect.succeed(ErrorCodes.badRequest) : read(stream)
    )
  }

  const history_remove = ({ channel }: HistoryRemoveRequest) =>
    withOption(channel, streamOptions, () => whenAvailable(broker.removeHistory(channel), () => EMPTY))

  const listChannels = ({ pattern = "" }: ChannelsRequest): Effect.Effect<Outcome> => {
    const matches = pattern === "" ? () => true : makeGlob(pattern)
    if (matches === undefined) return Effect.succeed(ErrorCodes.badRequest)
    return Effect.map(control.channels, (found) => channelsJson([...found].filter(([name]) => matches(name))))
  }

  return { presence, presence_stats, history, history_remove, channels: listChannels }
}

const positionOf = ({ since }: HistoryRequest): StreamPosition | undefined =>
  since === undefined ? undefined : { offset: since.offset ?? 0, epoch: since.epoch ?? "" }

const isOtherStream = (since: StreamPosition | undefined, { epoch }: StreamPosition): boolean =>
  since !== undefined && since.epoch !== "" && since.epoch !== epoch
