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

/** The payload goes as it was typed, byte for byte: numbers of any size stay what they are. */
export const bodyOf = (channels: ReadonlyArray<string>, json: string): string => {
  const [only] = channels
  const to =
    channels.length === 1 ? `"channel":${JSON.stringify(only)}` : `"channels":${JSON.stringify(channels)}`
  return `{${to},"data":${json},"receipt":true}`
}

export interface One {
  readonly result?: { readonly receipt?: string; readonly offset?: number }
  readonly error?: { readonly code: number; readonly message: string }
}

/** @param responses of a broadcast, in the order of its channels */
export const refusalsOf = (
  channels: ReadonlyArray<string>,
  responses: ReadonlyArray<One>
): ReadonlyArray<string> =>
  responses.flatMap(({ error }, at) =>
    error === undefined ? [] : [`${channels[at]}: ${error.message} (error ${error.code})`]
  )
