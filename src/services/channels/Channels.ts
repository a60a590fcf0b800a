/** The channels of the configuration: what each of them can do, by its name. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import { DEMO_NAMESPACE } from "../../config/demoKeys.ts"
import { toRegExp } from "../../config/pattern.ts"
import { ServerConfig, type ServerConfigValue } from "../../config/ServerConfig.ts"
import { type ErrorCode, ErrorCodes } from "../../protocol/codes.ts"
import { OWN_NAMESPACE } from "../../protocol/dashboard.ts"
import {
  behindNamespace,
  type ChannelSyntax,
  isAscii,
  isFitLength,
  isPrivate,
  namespaceOf,
  personalName,
  usersOf
} from "./channelName.ts"
import { DEMO_OPTIONS } from "./demoNamespace.ts"
import { isOwnChannel } from "./ownChannels.ts"

/** What permissions need to know of a channel besides its options. */
export interface ChannelFacts {
  /** Only those with a subscription token may subscribe. */
  readonly isPrivate: boolean
  /** The users that its name lists; undefined where it lists none. */
  readonly users: ReadonlyArray<string> | undefined
}

export interface ChannelsShape {
  /**
   * The options of a channel that the server uses, or a client that asks nothing more than to publish or read: the same object for all
   * channels of a namespace. Else 102 for an unknown namespace, as that of the server's own channels is, 107 for a name that is empty or too
   * long.
   *
   * HOT PATH: it is asked for every publication.
   */
  readonly optionsOf: (channel: string) => ChannelOptions | ErrorCode
  /**
   * The same for a client that subscribes: its name has to match `channelRegex`, or, without one, to be ASCII, else 107. Channels that the
   * server subscribes clients to need not.
   */
  readonly optionsForSubscriber: (channel: string) => ChannelOptions | ErrorCode
  readonly factsOf: (channel: string) => ChannelFacts
  /** The channel that this user is subscribed to by itself; undefined where that is off, and for nobody in particular (""). */
  readonly personalChannel: (user: string) => string | undefined
}

export const isErrorCode = (found: ChannelOptions | ErrorCode): found is ErrorCode => "code" in found

/**
 * Whether the server's own channels are in a namespace that no configuration has, so that they are unknown without being looked for; other
 * marks may put them elsewhere.
 */
const isOwnNamespaceUnknown = ({ namespaceBoundary, privatePrefix }: ChannelSyntax): boolean =>
  namespaceBoundary === ":" && !OWN_NAMESPACE.startsWith(privatePrefix)

export const makeChannels = ({ channels, client, demo }: ServerConfigValue): ChannelsShape => {
  const { withoutNamespace, maxLength } = channels
  const namespaces = new Map<string, ChannelOptions>(channels.namespaces.map((one) => [one.name, one]))
  if (demo.enabled) namespaces.set(DEMO_NAMESPACE, DEMO_OPTIONS)
  const patterns = new Map(
    [withoutNamespace, ...namespaces.values()].flatMap((options) =>
      options.channelRegex === undefined ? [] : [[options, toRegExp(options.channelRegex)] as const]
    )
  )
  const { enabled, personalChannelNamespace } = client.subscribeToUserPersonalChannel

  const configuredOptionsOf = (channel: string): ChannelOptions | ErrorCode => {
    if (!isFitLength(channel, maxLength)) return ErrorCodes.badRequest
    const namespace = namespaceOf(channel, channels)
    if (namespace === undefined) return withoutNamespace
    return namespaces.get(namespace) ?? ErrorCodes.unknownChannel
  }
  const optionsOf: ChannelsShape["optionsOf"] = isOwnNamespaceUnknown(channels)
    ? configuredOptionsOf
    : (channel) => (isOwnChannel(channel) ? ErrorCodes.unknownChannel : configuredOptionsOf(channel))
  return {
    optionsOf,
    optionsForSubscriber: (channel) => {
      const options = optionsOf(channel)
      if (isErrorCode(options)) return options
      const pattern = patterns.get(options)
      const isFit =
        pattern === undefined ? isAscii(channel) : pattern.test(behindNamespace(channel, channels))
      return isFit ? options : ErrorCodes.badRequest
    },
    factsOf: (channel) => ({ isPrivate: isPrivate(channel, channels), users: usersOf(channel, channels) }),
    personalChannel: (user) =>
      enabled && user !== "" ? personalName(user, personalChannelNamespace, channels) : undefined
  }
}

export class Channels extends Context.Service<Channels, ChannelsShape>()("clarion/services/Channels") {
  static readonly layer = Layer.effect(this, Effect.map(ServerConfig, makeChannels))
}
