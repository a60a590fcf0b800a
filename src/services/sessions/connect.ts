/** The connect command: who it is, what the server subscribes it to, and the answer. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import type { ConnectRequest, ConnectResult, SubscribeResult } from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { ClientFacts } from "../backend/Backend.ts"
import type { SubscriptionGrant } from "../Control.ts"
import { isErrorCode } from "../channels/Channels.ts"
import { maySubscribe } from "../channels/permissions.ts"
import { type Established, establish, type Wish } from "./establish.ts"
import { backendFailure, close, type Failure, refuse, tokenFailure } from "./outcome.ts"
import { refreshHook } from "./refresh.ts"
import type { Session } from "./Session.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { begin } from "./subscribe.ts"

/** Lengths of what a client calls itself, as with Centrifugo. */
const MAX_NAME = 16
const MAX_VERSION = 64

export interface Identity {
  readonly user: string
  readonly info?: Uint8Array | undefined
  readonly meta?: Uint8Array | undefined
  readonly data?: Uint8Array | undefined
  readonly expireAt?: number | undefined
  /** What the server subscribes it to. */
  readonly subs: ReadonlyMap<string, SubscriptionGrant>
  /** See `ConnectionClaims.login`. */
  readonly login?: string
}

const NO_SUBS: ReadonlyMap<string, SubscriptionGrant> = new Map()
const NO_WISH: Wish = {}

const byToken = ({ tokens, config }: SessionEnv, token: string): Effect.Effect<Identity, Failure> => {
  return Effect.flatMap(Effect.mapError(tokens.connection(token), tokenFailure), (claims) =>
    claims.user === "" && claims.login === undefined && config.client.disallowAnonymousConnectionTokens
      ? close(CloseReasons.permissionDenied)
      : Effect.succeed(claims)
  )
}

/** A token, then the backend, then the header of a gateway, then nobody in particular where that is allowed. */
export const identify = (
  { env, handshake }: Pick<Session, "env" | "handshake">,
  request: ConnectRequest,
  facts: () => ClientFacts
): Effect.Effect<Identity, Failure> => {
  const { client } = env.config
  const token = request.token ?? handshake.cookieToken
  if (token !== undefined) return byToken(env, token)
  if (env.backend.connect !== undefined) {
    const { name, version, data, subs = {} } = request
    const question = { ...facts(), name, version, data, channels: Object.keys(subs) }
    return Effect.mapError(env.backend.connect(question), backendFailure)
  }
  if (handshake.headerUser !== undefined) return Effect.succeed({ user: handshake.headerUser, subs: NO_SUBS })
  if (client.insecure || client.allowAnonymousConnectWithoutToken)
    return Effect.succeed({ user: "", subs: NO_SUBS })
  return close(CloseReasons.badRequest)
}

/** Only what may be asked for: they are kept as long as the connection. */
const keptHeaders = (session: Session, { headers = {} }: ConnectRequest) => {
  const found = Object.entries(headers).filter(([name]) => session.env.backend.wantsEmulatedHeader(name))
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

interface Part {
  readonly channel: string
  readonly options: ChannelOptions
  readonly wish: Wish
  readonly grant: SubscriptionGrant
}

/** Everything that the connection is subscribed to from the beginning. */
const parts = (
  session: Session,
  { subs: granted }: Identity,
  { subs: wished = {} }: ConnectRequest
): Effect.Effect<ReadonlyArray<Part>, Failure> => {
  const { env, user } = session
  const grants = new Map(granted)
  const personal = env.channels.personalChannel(user)
  if (personal !== undefined && !grants.has(personal)) grants.set(personal, {})
  for (const channel of Object.keys(wished)) {
    const options = env.channels.optionsForSubscriber(channel)
    // What it could subscribe to by itself it may have from the server as well; other wishes are passed over.
    if (!grants.has(channel) && !isErrorCode(options) && isOpenTo(session, channel, options))
      grants.set(channel, {})
  }
  if (grants.size > env.config.client.channelLimit) return close(CloseReasons.channelLimit)
  const found: Array<Part> = []
  for (const [channel, grant] of grants) {
    const options = env.channels.optionsOf(channel)
    if (isErrorCode(options)) return refuse(options)
    found.push({ channel, options, wish: wished[channel] ?? NO_WISH, grant })
  }
  return Effect.succeed(found)
}

const isOpenTo = (session: Session, channel: string, options: ChannelOptions): boolean =>
  maySubscribe({
    options,
    user: session.user,
    isInsecure: session.env.config.client.insecure,
    facts: session.env.channels.factsOf(channel),
    hasToken: false,
    hasBackend: session.env.backend.subscribe(options) !== undefined
  }) === "allowed"

/** Makes room for one more connection of the user; false where there is none. */
const makeRoom = ({ env, user }: Session): boolean => {
  const { userConnectionLimit, subscribeToUserPersonalChannel } = env.config.client
  if (user === "") return true
  const others = env.registry.of(user)
  if (subscribeToUserPersonalChannel.enabled && subscribeToUserPersonalChannel.singleConnection)
    for (const other of others) other.disconnect(CloseReasons.connectionLimit)
  else if (userConnectionLimit > 0) return others.length < userConnectionLimit
  return true
}

/** Takes the identity on, if the user may have one more connection. */
export const assume = (
  session: Session,
  { user, info, meta, expireAt, login }: Identity
): Effect.Effect<void, Failure> => {
  if (expireAt !== undefined && expireAt * 1000 <= session.env.now()) return refuse(ErrorCodes.expired)
  session.user = user
  session.login = login
  session.info = info
  session.meta = meta
  return makeRoom(session) ? Effect.void : close(CloseReasons.connectionLimit)
}

/** It is connected: deadlines run, and its first subscriptions begin. */
export const settleIn = (
  session: Session,
  { expireAt }: Identity,
  established: ReadonlyArray<Established>
): void => {
  // Others of the user may have come while its subscriptions were made.
  if (!makeRoom(session)) return session.disconnect(CloseReasons.connectionLimit)
  session.connected()
  session.deadlines.connected()
  session.deadlines.expires(expireAt)
  for (const one of established) begin(session, one)
}

const resultOf = (
  session: Session,
  { data, expireAt }: Identity,
  subs: ReadonlyArray<Established>
): ConnectResult => {
  const { env, client, handshake, sessionId } = session
  const { pingInterval, connectIncludeServerTime } = env.config.client
  const pingSeconds = handshake.hasPings ? Math.ceil(Duration.toSeconds(pingInterval)) : 0
  const results = subs.map(({ subscription, result }): [string, SubscribeResult] => [
    subscription.channel,
    result
  ])
  return {
    client,
    version: env.version,
    ...(refreshHook(session) === undefined ? session.expiresIn(expireAt) : {}),
    data,
    subs: results.length === 0 ? undefined : Object.fromEntries(results),
    ping: pingSeconds,
    pong: session.wantsPongs,
    session: sessionId,
    node: sessionId === undefined ? undefined : env.node,
    time: connectIncludeServerTime ? Math.floor(env.now()) : undefined
  }
}

const isFit = ({ name = "", version = "" }: ConnectRequest): boolean =>
  name.length <= MAX_NAME && version.length <= MAX_VERSION

export const connect = Effect.fnUntraced(function* (
  session: Session,
  request: ConnectRequest
): Effect.fn.Return<{ reply: { connect: ConnectResult }; after: () => void }, Failure> {
  if (!isFit(request)) return yield* close(CloseReasons.badRequest)
  session.state = "connecting"
  session.emulatedHeaders = keptHeaders(session, request)
  const identity = session.identity ?? (yield* identify(session, request, () => session.clientFacts()))
  session.identity = undefined
  yield* assume(session, identity)
  session.tokenChannels = identity.subs.size === 0 ? undefined : new Set(identity.subs.keys())
  const established: Array<Established> = []
  for (const { channel, options, wish, grant } of yield* parts(session, identity, request))
    established.push(yield* establish(session, channel, options, wish, grant, true))
  return {
    reply: { connect: resultOf(session, identity, established) },
    after: () => settleIn(session, identity, established)
  }
})
