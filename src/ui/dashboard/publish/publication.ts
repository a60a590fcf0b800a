/** What is sent to publish, and what is read of the answer. */

/** Every raw connection hears it. */
export const EVERYONE = "broadcast"

/** "a, b\nc" → ["a", "b", "c"], each once. Names may have spaces inside. */
export const channelNames = (text: string): ReadonlyArray<string> => [
  ...new Set(
    text
      .split(/[,\n]/)
      .map((name) => name.trim())
      .filter((name) => name !== "")
  )
]

/**
 * The request that publishes: `publish` for one channel, `broadcast` for more. The payload goes as it was typed, byte for byte: numbers of any
 * size stay what they are.
 *
 * @param json the payload, which is JSON: somebody has looked
 */
export const publishBody = (channels: ReadonlyArray<string>, json: string): string => {
  const [only] = channels
  const to =
    channels.length === 1 ? `"channel":${JSON.stringify(only)}` : `"channels":${JSON.stringify(channels)}`
  return `{${to},"data":${json},"receipt":true}`
}

/** Bytes of a name at most, where the configuration has no other bound (`channels.maxLength`). */
const MAX_NAME = 255

const sizeOf = (name: string): number => new TextEncoder().encode(name).length

/** What is most likely wrong with a refused request of which the server says no more than that it is bad. */
export const nameHint = (channels: ReadonlyArray<string>): string => {
  const long = channels.find((name) => sizeOf(name) > MAX_NAME)
  return long === undefined
    ? ""
    : `\n${long.slice(0, 20)}… has ${sizeOf(long)} bytes; names of channels have ${MAX_NAME} at most, unless channels.maxLength says otherwise.`
}

/** What the server answers for one channel of a broadcast. */
export interface ChannelAnswer {
  readonly result?: { readonly receipt?: string; readonly offset?: number }
  readonly error?: { readonly code: number; readonly message: string }
}

/**
 * A line for each channel that did not take it.
 *
 * @param responses of a broadcast, in the order of its channels
 */
export const refusalsOf = (
  channels: ReadonlyArray<string>,
  responses: ReadonlyArray<ChannelAnswer>
): ReadonlyArray<string> =>
  responses.flatMap(({ error }, at) =>
    error === undefined ? [] : [`${channels[at]}: ${error.message} (error ${error.code})`]
  )
