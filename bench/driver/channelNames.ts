/** Names of the channels of a bench: all of one length, so that a message's payload is always at the same place. */

const DIGITS = 5
export const MAX_CHANNELS = 10 ** DIGITS

export const channelName = (prefix: string, index: number): string =>
  `${prefix}c${String(index).padStart(DIGITS, "0")}`
