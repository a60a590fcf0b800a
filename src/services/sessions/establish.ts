/**
 * Makes a subscription, whoever asked for it. What is published meanwhile is held back and comes after the result.
 *
 * Guarantee: where the result says that the subscription is positioned, every publication after its offset (or, recovered, after those in the
 * result) comes, or the client is told that it missed something.
 */
import * as Effect from "effect/Effect"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import type { SubscribeRequest, SubscribeResult } from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import { compileTagsFilter, InvalidFilter } from "../../protocol/tagsFilter.ts"
import type { BrokerUnavailable, History } from "../broker/Broker.ts"
import type { SubscriptionGrant, SubscriptionOverride } from "../Control.ts"
import { isGranted } from "../channels/permissions.ts"
import { streamOptions } from "../channels/streams.ts"
import { ChannelEvent, type StreamPosition } from "../hot/ChannelEvent.ts"
import { Delivery } from "../hot/Publication.ts"
import { brokerFailure, Closed, type Failure, Refused } from "./outcome.ts"
import { enter } from "./present.ts"
import { type Recovery, recoverCache, recoverStream } from "./recovery.ts"
import type { Session } from "./Session.ts"
import { SessionSubscription } from "./SessionSubscription.ts"
import { forget } from "./unsubscribe.ts"

/** `flag` of a subscribe request: refuse rather than make a subscription that is not recovered. */
const REJECT_UNRECOVERED = 2

/** What the client wants of the subscription. */
export type Wish = Omit<SubscribeRequest, "channel" | "token">

export interface Established {
  readonly subscription: SessionSubscription
  readonly result: SubscribeResult
  /** For `Subscription.begin`, which is to be called when the result is on its way. */
  readonly missed?: ReadonlyArray<ChannelEvent>
}

const overridden = (options: ChannelOptions, override: SubscriptionOverride | undefined): ChannelOptions => {
  const set = Object.entries(override ?? {}).filter(([, value]) => value !== undefined)
  return set.length === 0 ? options : { ...options, ...Object.fromEntries(set) }
}

/** What the channel's options and the client's wish come to. */
interface Terms {
  readonly isPositioned: boolean
  readonly isRecoverable: boolean
  readonly hearsJoins: boolean
  readonly isDelta: boolean
  /** Where to go on from. */
  readonly since: StreamPosition | undefined
}

const agree = (session: Session, options: ChannelOptions, wish: Wish, isServerSide: boolean): Terms => {
  const hasStream = streamOptions(options) !== undefined
  const asker = {
    options,
    user: session.user,
    isSubscribed: true,
    isInsecure: session.env.config.client.insecure
  }
  const isRecoverable =
    hasStream &&
    (options.forceRecovery ||
      (wish.recoverable === true && (options.allowRecovery || isGranted("History", asker))))
  const isPositioned =
    hasStream &&
    (isRecoverable ||
      options.forcePositioning ||
      (wish.positioned === true && (options.allowPositioning || isGranted("History", asker))))
  const isAuto = options.forceRecoveryMode === "cache" && options.autoCacheRecover
  return {
    isPositioned,
    isRecoverable,
    hearsJoins:
      options.joinLeave &&
      (options.forcePushJoinLeave ||
        (wish.joinLeave === true && (isServerSide || isGranted("Presence", asker)))),
    isDelta: wish.delta === "fossil" && options.allowedDeltaTypes.includes("fossil"),
    since:
      isRecoverable && (wish.recover === true || isAuto)
        ? { offset: wish.offset ?? 0, epoch: wish.epoch ?? "" }
        : undefined
  }
}

const filterOf = (options: ChannelOptions, { tf, delta }: Wish) => {
  if (tf === undefined) return undefined
  const isAllowed = options.allowTagsFilter && delta === undefined
  const filter = isAllowed ? compileTagsFilter(tf) : undefined
  return filter === undefined || filter instanceof InvalidFilter ? new Refused(ErrorCodes.badRequest) : filter
}

/** Where the client is to refresh the subscription by itself. */
const expiry = (session: Session, options: ChannelOptions, expireAt: number | undefined) =>
  session.env.backend.subRefresh(options) === undefined ? session.expiresIn(expireAt) : {}

/** Where a positioned subscription begins: what was read of its stream. */
interface Reading {
  readonly history: History
  /** Undefined where the client did not ask to go on from somewhere. */
  readonly recovery: Recovery | undefined
}

/** Reads what is missed, or just where the stream stands. */
const read = (
  session: Session,
  channel: string,
  options: ChannelOptions,
  since: StreamPosition | undefined
): Effect.Effect<Reading, BrokerUnavailable> => {
  const { broker, config } = session.env
  const stream = streamOptions(options)!
  if (since === undefined)
    return Effect.map(broker.history(channel, { limit: 0 }, stream), (history) => ({
      history,
      recovery: undefined
    }))
  if (options.forceRecoveryMode === "cache")
    return Effect.map(broker.history(channel, { limit: 1, isReverse: true }, stream), (history) => ({
      history,
      recovery: recoverCache(since, history)
    }))
  const limit = config.client.recoveryMaxPublicationLimit
  return Effect.map(broker.history(channel, { limit, since }, stream), (history) => ({
    history,
    recovery: recoverStream(since, history)
  }))
}

export const establish = (
  session: Session,
  channel: string,
  configured: ChannelOptions,
  wish: Wish,
  grant: SubscriptionGrant,
  isServerSide: boolean
): Effect.Effect<Established, Failure> => {
  // It may have ended while it was asked whether it may.
  if (session.state === "ended") return Effect.fail(new Closed(CloseReasons.badRequest))
  const options = overridden(configured, grant.override)
  const filter = filterOf(options, wish)
  if (filter instanceof Refused) return Effect.fail(filter)
  if (wish.delta !== undefined && wish.delta !== "fossil")
    return Effect.fail(new Closed(CloseReasons.badRequest))
  const terms = agree(session, options, wish, isServerSide)
  const subscription = new SessionSubscription(
    session,
    session.home.room(channel),
    terms.isPositioned,
    terms.hearsJoins,
    terms.isDelta,
    filter
  )
  subscription.options = options
  subscription.isServerSide = isServerSide
  subscription.chanInfo = grant.info
  subscription.expireAt = grant.expireAt
  session.addSubscription(subscription)
  subscription.room.add(subscription)
  return Effect.onError(settle(session, subscription, terms, wish, grant), () =>
    Effect.sync(() => forget(session, subscription))
  )
}

/** For a client of the protocol: what it missed stands in the result. */
const withResult = (
  { env, wire }: Session,
  subscription: SessionSubscription,
  { isRecoverable, since }: Terms,
  common: SubscribeResult,
  { history, recovery }: Reading
): Effect.Effect<Established, Failure> => {
  subscription.moveTo(history)
  const publications = recovery && env.missed.written(wire.format, subscription, recovery.publications)
  if (recovery !== undefined && publications === undefined)
    return Effect.fail(new Closed(CloseReasons.inappropriateProtocol))
  if (subscription.isDelta && publications !== undefined && publications.length > 0)
    subscription.needsWhole = false
  const isRecovered = recovery?.isRecovered === true
  const isStream = subscription.options.forceRecoveryMode === "stream"
  const result: SubscribeResult = {
    ...common,
    positioned: true,
    recoverable: isRecoverable,
    epoch: history.epoch,
    // A client goes on from the offset that it asked for through the publications that follow.
    offset: isRecovered && isStream ? since!.offset : history.offset,
    wasRecovering: recovery !== undefined,
    recovered: isRecovered,
    publications
  }
  return Effect.succeed({ subscription, result })
}

/** For a client that is told of publications only: what it missed comes as if it were published now. */
const asPublished = (
  subscription: SessionSubscription,
  common: SubscribeResult,
  { history: { offset, epoch }, recovery }: Reading
): Established => {
  const publications = recovery?.publications ?? []
  const first = publications[0]?.offset ?? offset + 1
  subscription.moveTo({ offset: first - 1, epoch })
  const missed = publications.map(
    (publication) => new ChannelEvent("publication", subscription.channel, publication, epoch, new Delivery())
  )
  return { subscription, result: { ...common, recovered: recovery?.isRecovered === true }, missed }
}

const settle = Effect.fnUntraced(function* (
  session: Session,
  subscription: SessionSubscription,
  terms: Terms,
  wish: Wish,
  grant: SubscriptionGrant
): Effect.fn.Return<Established, Failure> {
  const { env, wire } = session
  const { channel, options } = subscription
  yield* Effect.mapError(env.interest.ready(channel), brokerFailure)
  yield* Effect.mapError(enter(session, subscription), brokerFailure)
  const common: SubscribeResult = {
    ...expiry(session, options, subscription.expireAt),
    data: grant.data,
    delta: terms.isDelta
  }
  if (!terms.isPositioned) return { subscription, result: common }

  const reading = yield* Effect.mapError(read(session, channel, options, terms.since), brokerFailure)
  const { recovery } = reading
  if (recovery !== undefined) env.counters[recovery.isRecovered ? "recovered" : "unrecovered"]++
  if (recovery?.isRecovered === false && ((wish.flag ?? 0) & REJECT_UNRECOVERED) !== 0)
    return yield* Effect.fail(new Refused(ErrorCodes.unrecoverablePosition))
  return wire.isPlain
    ? asPublished(subscription, common, reading)
    : yield* withResult(session, subscription, terms, common, reading)
})
