/** What a channel's options say of its stream. */
import * as Duration from "effect/Duration"
import { type ChannelOptions, hasHistory } from "../../config/channelKeys.ts"
import type { StreamOptions } from "../broker/Broker.ts"

const known = new WeakMap<ChannelOptions, StreamOptions | "none">()

const read = (options: ChannelOptions): StreamOptions | "none" =>
  hasHistory(options)
    ? {
        size: options.historySize,
        ttlMs: Duration.toMillis(options.historyTtl),
        metaTtlMs: Duration.toMillis(options.historyMetaTtl),
        isDurable: options.history.durable
      }
    : "none"

/** Undefined: the channel keeps no history. */
export const streamOptions = (options: ChannelOptions): StreamOptions | undefined => {
  let stream = known.get(options)
  if (stream === undefined) {
    stream = read(options)
    known.set(options, stream)
  }
  return stream === "none" ? undefined : stream
}
