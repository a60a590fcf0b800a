/**
 * Clients without an SDK: raw WebSockets with `?channels=` and EventSources. They say who they are and what they want with the handshake, and
 * are told of publications only. The rules are those of all clients: tokens, permissions, limits.
 */
import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { ClientFacts } from "../backend/Backend.ts"
import type { SubscriptionGrant, SubscriptionOverride } from "../Control.ts"
import { isErrorCode } from "../channels/Channels.ts"
import { isGranted } from "../channels/permissions.ts"
import { streamOptions } from "../channels/streams.ts"
import type { StreamPosition } from "../hot/ChannelEvent.ts"
import { assume, type Identity, identify, settleIn } from "./connect.ts"
import { type Established, establish } from "./establish.ts"
import type { Handshake } from "./Handshake.ts"
import { brokerFailure, Closed, close, type Failure, type Outcome, refuse } from "./outcome.ts"
import type { Session } from "./Session.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { parseSince, readPositionAt, type Since } from "./since.ts"
import { type Asking, permit } from "./subscribe.ts"

/** What such a client asks for. */
export interface ChannelsRequest {
  readonly channels: ReadonlyArray<string>
  readonly token: string | undefined
  readonly since: Since | undefined
}

/** Every `channels=` is a list with commas between the names, every `channel=` one name, which may have commas itself. */
const channelsOf = (query: URLSearchParams): ReadonlyArray<string> => {
  const listed = query.getAll("channels").flatMap((list) => list.split(","))
  return [...new Set([...listed, ...query.getAll("channel")])].filter((channel) => channel !== "")
}

/** @param lastId what an EventSource says that it saw last; it counts more than the address that was made before */
export const channelsRequest = (
  query: URLSearchParams,
  lastId: string | undefined
): ChannelsRequest | "channels" | "since" => {
  const channels = channelsOf(query)
  if (channels.length === 0) return "channels"
  const text = lastId ?? query.get("since") ?? ""
  const since = text === "" ? undefined : parseSince(text, channels)
  if (text !== "" && since === undefined) return "since"
  return { channels, token: query.get("token") ?? undefined, since }
}

/** What it may have. */
export interface Admitted {
  /** Id of the connection, as the backend was told. */
  readonly client: string
  readonly identity: Identity
  readonly grants: ReadonlyMap<string, SubscriptionGrant>
}

/** Asks for all that such a client wants, before there is a session. */
export const admit = Effect.fnUntraced(function* (
  env: SessionEnv,
  handshake: Handshake,
  { channels, token }: ChannelsRequest,
  client: string = randomUUID()
): Effect.fn.Return<Admitted, Failure> {
  const facts = (): ClientFacts => ({
    client,
    transport: handshake.transport,
    protocol: "json",
    encoding: "binary",
    headers: handshake.headers,
    emulatedHeaders: {}
  })
  const identity = yield* identify({ env, handshake }, { token }, facts)
  const { user, meta } = identity
  const asking: Asking = { env, user, client, userFacts: () => ({ ...facts(), user, meta }) }
  if (channels.length > env.config.client.channelLimit) return yield* close(CloseReasons.channelLimit)
  const grants = new Map<string, SubscriptionGrant>()
  for (const channel of channels) {
    const options = env.channels.optionsForSubscriber(channel)
    if (isErrorCode(options)) return yield* refuse(options)
    const granted = identity.subs.get(channel)
    grants.set(channel, granted ?? (yield* permit(asking, channel, options, {})))
  }
  return { client, identity, grants }
})

const position = (
  { env }: Session,
  channel: string,
  since: Since
): Effect.Effect<StreamPosition | undefined, Failure> => {
  if (since instanceof Map) return Effect.succeed(since.get(channel))
  const options = env.channels.optionsOf(channel)
  const stream = isErrorCode(options) ? undefined : streamOptions(options)
  const { ms } = since as { readonly ms: number }
  return stream === undefined
    ? Effect.succeed(undefined)
    : Effect.mapError(
        readPositionAt(
          env.broker,
          channel,
          ms,
          stream,
          env.config.client.recoveryMaxPublicationLimit,
          env.now()
        ),
        brokerFailure
      )
}

/** How a connection ends that cannot have what it asked for: clients come back where that may help. */
export const closed = (failure: Failure): Failure => {
  if (failure._tag === "Closed") return failure
  const { error } = failure
  if (error === ErrorCodes.tokenExpired || error === ErrorCodes.expired)
    return new Closed(CloseReasons.connectionExpired)
  if (error.isTemporary) return new Closed(CloseReasons.serverError)
  return new Closed(
    error === ErrorCodes.permissionDenied ? CloseReasons.permissionDenied : CloseReasons.badRequest
  )
}

const names = (since: Since | undefined, channel: string): boolean =>
  since instanceof Map ? since.has(channel) : since !== undefined

/** Whether it may go on from where it was: by the same rules as every client, though it gives no command. */
const mayRecover = ({ env, user }: Session, options: ChannelOptions): boolean =>
  streamOptions(options) !== undefined &&
  (options.forceRecovery ||
    options.allowRecovery ||
    isGranted("History", { options, user, isInsecure: env.config.client.insecure, isSubscribed: true }))

/**
 * What holds for such a client whatever the channel's options say: it cannot ask for anything, but is told where it missed something, and
 * goes on from where it was if it may.
 */
const overrideFor = (
  session: Session,
  options: ChannelOptions,
  { override }: SubscriptionGrant
): SubscriptionOverride | undefined =>
  streamOptions(options) === undefined
    ? override
    : {
        ...override,
        forcePositioning: true,
        ...(mayRecover(session, options) ? { forceRecovery: true } : {})
      }

/**
 * Makes the subscriptions of such a client, and lets it take what it missed and what comes.
 *
 * @param stand what to do when they all stand, before anything is published to it; `lost` are the channels where it cannot, or may not,
 * go on from where it was, `missed` is how many publications come first that it missed, of the channels where it missed any
 */
export const subscribePlain = Effect.fnUntraced(function* (
  session: Session,
  { since }: ChannelsRequest,
  { identity, grants }: Admitted,
  stand: (
    lost: ReadonlyArray<string>,
    missed: Readonly<Record<string, number>>
  ) => Effect.Effect<void, Failure>
): Effect.fn.Return<Effect.Success<Outcome>, Failure> {
  yield* assume(session, identity)
  const made: Array<Established> = []
  const lost: Array<string> = []
  const missed: Array<readonly [string, number]> = []
  for (const [channel, grant] of grants) {
    const options = session.env.channels.optionsOf(channel)
    if (isErrorCode(options)) return yield* refuse(options)
    const at =
      since !== undefined && mayRecover(session, options)
        ? yield* position(session, channel, since)
        : undefined
    const wish = at === undefined ? {} : { recover: true, ...at }
    const override = overrideFor(session, options, grant)
    const established = yield* establish(session, channel, options, wish, { ...grant, override }, true)
    // A channel without history has nothing to go on from; of others it is told what it cannot have.
    const isAsked = streamOptions(options) !== undefined && names(since, channel)
    if (isAsked && established.result.recovered !== true) lost.push(channel)
    const count = established.missed?.length ?? 0
    if (count > 0) missed.push([channel, count])
    made.push(established)
  }
  yield* stand(lost, Object.fromEntries(missed))
  return { reply: {}, after: () => settleIn(session, identity, made) }
})
