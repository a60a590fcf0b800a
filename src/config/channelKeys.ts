/**
 * What a channel can do: the options of a namespace, and of channels without one. The names are Centrifugo's in camel case; everything is
 * off by default.
 */
import * as Duration from "effect/Duration"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { pattern } from "./pattern.ts"

export const channelKeys = {
  presence: key(Kind.boolean, false, "keep who is subscribed"),
  joinLeave: key(Kind.boolean, false, "tell who joins and leaves"),
  forcePushJoinLeave: key(Kind.boolean, false, "tell it to every subscriber, asked or not"),
  historySize: key(Kind.integer(0), 0, "publications kept; 0: none"),
  historyTtl: key(
    Kind.duration,
    Duration.zero,
    "how long they are kept after the last publication; 0: no history"
  ),
  historyMetaTtl: key(
    Kind.positiveDuration,
    Duration.hours(720),
    "how long the position of an unused stream is kept"
  ),
  "history.durable": key(
    Kind.boolean,
    false,
    "history and positions outlive the process, in the store; a publication is accepted when it is on disk"
  ),
  forcePositioning: key(Kind.boolean, false, "watch the position of every subscriber"),
  allowPositioning: key(Kind.boolean, false, "watch it where a client asks for it"),
  forceRecovery: key(Kind.boolean, false, "every subscriber recovers what it missed"),
  allowRecovery: key(Kind.boolean, false, "those do that ask for it"),
  forceRecoveryMode: key(
    Kind.choice("stream", "cache"),
    "stream",
    "cache: only the newest publication is recovered"
  ),
  autoCacheRecover: key(
    Kind.boolean,
    false,
    "in cache mode, the newest publication comes with every subscription"
  ),
  allowedDeltaTypes: key(Kind.listOf("fossil"), [], "kinds of deltas that clients may ask for"),
  deltaPublish: key(Kind.boolean, false, "every publication may go out as a delta"),
  allowTagsFilter: key(Kind.boolean, false, "clients may ask for publications with certain tags only"),
  allowSubscribeForClient: key(Kind.boolean, false, "clients with a user id may subscribe"),
  allowSubscribeForAnonymous: key(
    Kind.boolean,
    false,
    "with allowSubscribeForClient: those without one may, too"
  ),
  allowPublishForClient: key(Kind.boolean, false, "clients may publish"),
  allowPublishForSubscriber: key(Kind.boolean, false, "subscribers may publish"),
  allowPublishForAnonymous: key(Kind.boolean, false, "with one of these: also without a user id"),
  allowPresenceForClient: key(Kind.boolean, false, "clients may ask who is subscribed"),
  allowPresenceForSubscriber: key(Kind.boolean, false, "subscribers may"),
  allowPresenceForAnonymous: key(Kind.boolean, false, "with one of these: also without a user id"),
  allowHistoryForClient: key(Kind.boolean, false, "clients may read history"),
  allowHistoryForSubscriber: key(Kind.boolean, false, "subscribers may"),
  allowHistoryForAnonymous: key(Kind.boolean, false, "with one of these: also without a user id"),
  allowUserLimitedChannels: key(Kind.boolean, false, '"news#1,2" is for the users 1 and 2 alone'),
  channelRegex: key(
    pattern,
    undefined,
    "what the name behind the namespace has to match where a client subscribes; unset: ASCII"
  ),
  publicationDataFormat: key(
    Kind.choice("any", "json", "json_object", "binary"),
    "any",
    "any: not empty; json, json_object: checked; binary: may be empty"
  ),
  maxDataSize: key(
    Kind.integer(0),
    0,
    "bytes of a publication's data, more is error 107; 0: what a message or a request may have"
  ),
  subscribeProxyEnabled: key(Kind.boolean, false, "the backend decides about subscriptions"),
  subscribeProxyName: key(Kind.text, "default", "which of the proxies"),
  publishProxyEnabled: key(Kind.boolean, false, "the backend decides about publications of clients"),
  publishProxyName: key(Kind.text, "default", "which of the proxies"),
  subRefreshProxyEnabled: key(Kind.boolean, false, "the backend prolongs subscriptions that expire"),
  subRefreshProxyName: key(Kind.text, "default", "which of the proxies")
}

export type ChannelOptions = ConfigOf<typeof channelKeys>

/** Whether publications are kept. */
export const hasHistory = ({ historySize, historyTtl }: ChannelOptions): boolean =>
  historySize > 0 && Duration.toMillis(historyTtl) > 0

/** A namespace: a name and the options of its channels. */
export type Namespace = ChannelOptions & { readonly name: string }
