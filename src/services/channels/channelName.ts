/**
 * What a channel's name says: `$news:sport#42,43` needs a token, is in the namespace `news`, and is for the users 42 and 43. The marks are
 * those of the configuration. Names are plain strings all the same: `$news` is not `news`, and `d#1,2` is not `d#2,1`.
 */
import type { ChannelsConfig } from "../../config/channelsKeys.ts"

export type ChannelSyntax = Pick<
  ChannelsConfig,
  "maxLength" | "namespaceBoundary" | "userBoundary" | "userSeparator" | "privatePrefix"
>

/** Most bytes of UTF-8 that one unit of a JavaScript string takes. */
const BYTES_PER_UNIT = 3

/** Whether a name has at most so many bytes, and is not empty. */
export const isFitLength = (channel: string, maxLength: number): boolean =>
  channel.length > 0 &&
  channel.length <= maxLength &&
  (channel.length * BYTES_PER_UNIT <= maxLength || Buffer.byteLength(channel) <= maxLength)

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII has control characters
const ASCII = /^[\x00-\x7f]*$/

export const isAscii = (text: string): boolean => ASCII.test(text)

/** Whether only those with a subscription token may subscribe. */
export const isPrivate = (channel: string, { privatePrefix }: ChannelSyntax): boolean =>
  channel.startsWith(privatePrefix)

/** What stands before the first boundary, without the private prefix; undefined where there is no boundary. */
export const namespaceOf = (channel: string, syntax: ChannelSyntax): string | undefined => {
  const end = channel.indexOf(syntax.namespaceBoundary)
  if (end < 0) return undefined
  return channel.slice(isPrivate(channel, syntax) ? syntax.privatePrefix.length : 0, end)
}

/** The name behind the namespace; the whole name where there is none. */
export const behindNamespace = (channel: string, { namespaceBoundary }: ChannelSyntax): string => {
  const end = channel.indexOf(namespaceBoundary)
  return end < 0 ? channel : channel.slice(end + namespaceBoundary.length)
}

/** The users behind the last user boundary, who alone may subscribe where the namespace limits channels so; undefined without a boundary. */
export const usersOf = (
  channel: string,
  { userBoundary, userSeparator }: ChannelSyntax
): ReadonlyArray<string> | undefined => {
  const start = channel.lastIndexOf(userBoundary)
  return start < 0 ? undefined : channel.slice(start + userBoundary.length).split(userSeparator)
}

/** The channel of one user alone: `#42`, or `personal:#42`. */
export const personalName = (
  user: string,
  namespace: string | undefined,
  { namespaceBoundary, userBoundary }: ChannelSyntax
): string => `${namespace === undefined ? "" : namespace + namespaceBoundary}${userBoundary}${user}`
