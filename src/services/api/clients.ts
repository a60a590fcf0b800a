/** The methods that act on the connections of a user: subscribe, unsubscribe, disconnect, refresh. */
import * as Effect from "effect/Effect"
import { type CloseReason, CloseReasons, MAX_REASON_BYTES } from "../../protocol/closeCodes.ts"
import { ErrorCodes, isApplicationCloseCode } from "../../protocol/codes.ts"
import type { Control, ControlCommand, SubscriptionOverride, Target } from "../Control.ts"
import { type Channels, isErrorCode } from "../channels/Channels.ts"
import { type Outcome, whenAvailable } from "./outcome.ts"
import { payloadOf } from "./payload.ts"
import type { DisconnectRequest, RefreshRequest, SubscribeRequest, UnsubscribeRequest } from "./requests.ts"
import { EMPTY } from "./resultJson.ts"

/** The codes of the protocol that are for clients. */
const protocolReasons = new Map(
  Object.values(CloseReasons)
    .filter(({ code }) => code >= 3000)
    .map((reason) => [reason.code, reason] as const)
)

const nonEmpty = (text: string | undefined) => (text === "" ? undefined : text)

const targetOf = ({ user, client, session }: Target): Target => ({
  user,
  client: nonEmpty(client),
  session: nonEmpty(session)
})

/** 0 is none. */
const time = (seconds: number | undefined) => (seconds === 0 ? undefined : seconds)

/** A payload of no bytes is none. */
const nonEmptyBytes = (bytes: Uint8Array) => (bytes.length === 0 ? undefined : bytes)

const overrideOf = ({ override = {} }: SubscribeRequest): SubscriptionOverride => {
  const flag = (name: keyof typeof override) =>
    override[name] === undefined ? undefined : override[name].value === true
  return {
    presence: flag("presence"),
    joinLeave: flag("join_leave"),
    forceRecovery: flag("force_recovery"),
    forcePositioning: flag("force_positioning"),
    forcePushJoinLeave: flag("force_push_join_leave")
  }
}

/** Why clients are disconnected; undefined where they could not be told so. */
const closeReasonOf = ({ disconnect }: DisconnectRequest): CloseReason | undefined => {
  if (disconnect === undefined) return CloseReasons.forceDisconnect
  const { code, reason = "" } = disconnect
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) return undefined
  const known = protocolReasons.get(code)
  if (known !== undefined) return { code, reason: reason === "" ? known.reason : reason }
  return isApplicationCloseCode(code) ? { code, reason } : undefined
}

export const makeClients = (control: Control["Service"], channels: Channels["Service"]) => {
  const apply = (command: ControlCommand): Effect.Effect<Outcome> =>
    whenAvailable(control.apply(command), () => EMPTY)

  const subscribe = (request: SubscribeRequest): Effect.Effect<Outcome> => {
    const options = channels.optionsOf(request.channel)
    if (isErrorCode(options)) return Effect.succeed(options)
    const info = payloadOf(request.info, request.b64info)
    const data = payloadOf(request.data, request.b64data)
    if (info === undefined || data === undefined) return Effect.succeed(ErrorCodes.badRequest)
    const { recover_since: since } = request
    return apply({
      _tag: "Subscribe",
      ...targetOf(request),
      channel: request.channel,
      info: nonEmptyBytes(info),
      data: nonEmptyBytes(data),
      expireAt: time(request.expire_at),
      recoverSince: since === undefined ? undefined : { offset: since.offset ?? 0, epoch: since.epoch ?? "" },
      override: overrideOf(request)
    })
  }

  const unsubscribe = (request: UnsubscribeRequest): Effect.Effect<Outcome> => {
    const options = channels.optionsOf(request.channel)
    if (isErrorCode(options)) return Effect.succeed(options)
    return apply({ _tag: "Unsubscribe", ...targetOf(request), channel: request.channel })
  }

  const disconnect = (request: DisconnectRequest): Effect.Effect<Outcome> => {
    const close = closeReasonOf(request)
    if (close === undefined) return Effect.succeed(ErrorCodes.badRequest)
    const { code, reason } = close
    const { whitelist = [] } = request
    return apply({ _tag: "Disconnect", ...targetOf(request), code, reason, whitelist })
  }

  const refresh = (request: RefreshRequest): Effect.Effect<Outcome> =>
    apply({
      _tag: "Refresh",
      ...targetOf(request),
      isExpired: request.expired === true,
      expireAt: time(request.expire_at),
      info: request.info
    })

  return { subscribe, unsubscribe, disconnect, refresh }
}
