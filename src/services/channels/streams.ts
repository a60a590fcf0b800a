/** What a channel's options say of its stream. */
import * as Duration from "effect/Duration"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import type { StreamOptions } from "../broker/Broker.ts"

const known = new WeakMap<ChannelOptions, StreamOptions | "none">()

const read = ({ historySize, historyTtl, historyMetaTtl }: ChannelOptions): StreamOptions | "none" => {
  const ttlMs = Duration.toMillis(historyTtl)
  return historySize > 0 && ttlMs > 0
    ? { size: historySize, ttlMs, metaTtlMs: Duration.toMillis(historyMetaTtl) }
    : "none"
}

/** Undefined: the channel keeps no history. */
export const streamOptions = (options: ChannelOptions): StreamOptions | undefined => {
  let stream = known.get(options)
  if (stream === undefined) {
    stream = read(options)
    known.set(options, stream)
  }
  return stream === "none" ? undefined : stream
}
