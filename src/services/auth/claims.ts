/** What the server takes from the claims of a token. The names and meanings are Centrifugo's. */
import * as Result from "effect/Result"
import { members } from "../../protocol/rawJson.ts"
import type { SubscriptionGrant, SubscriptionOverride } from "../Control.ts"
import { type GrantPart, type Payload, rawClaim, readGrant } from "./payload.ts"
import { type ConnectionClaims, type SubscriptionClaims, TokenInvalid } from "./Tokens.ts"

const invalid = (detail: string) => Result.fail(new TokenInvalid({ detail }))

const encoder = new TextEncoder()

/** Bytes in memory of their own: a slice of Node's pool would keep 8 KB for as long as the connection lives. */
const bytesOf = (part: GrantPart, name: string): Uint8Array | undefined => {
  const text = rawClaim(part, name)
  return text === undefined ? undefined : encoder.encode(text)
}

const overrideOf = ({ claims: { override } }: GrantPart): SubscriptionOverride | undefined => {
  if (override == null) return undefined
  const valueOf = (flag: (typeof override)["presence"]): boolean | undefined =>
    flag == null ? undefined : (flag.value ?? false)
  return {
    presence: valueOf(override.presence),
    joinLeave: valueOf(override.join_leave),
    forceRecovery: valueOf(override.force_recovery),
    forcePositioning: valueOf(override.force_positioning),
    forcePushJoinLeave: valueOf(override.force_push_join_leave)
  }
}

/** Without its expiry. */
const grantOf = (part: GrantPart): SubscriptionGrant => ({
  info: part.claims.b64info ?? bytesOf(part, "info"),
  data: part.claims.b64data ?? bytesOf(part, "data"),
  override: overrideOf(part)
})

/** `expire_at` goes before `exp`, and may be 0: never, however long the token itself is good. */
const expiryOf = ({ claims: { exp, expire_at } }: Payload): number | undefined => {
  const seconds = Math.floor(expire_at ?? exp ?? 0)
  return seconds === 0 ? undefined : seconds
}

/** The user's id; "" where the claim is absent. */
const userOf = (payload: Payload, userIdClaim: string): Result.Result<string, TokenInvalid> => {
  const text = rawClaim(payload, userIdClaim)
  if (text === undefined) return Result.succeed("")
  const user: unknown = JSON.parse(text)
  return typeof user === "string" ? Result.succeed(user) : invalid(`${userIdClaim} that is no text`)
}

/** Channels of `channels`, and those of `subs`, which say more of each. */
const subsOf = (payload: Payload): Result.Result<ReadonlyMap<string, SubscriptionGrant>, TokenInvalid> => {
  const subs = new Map<string, SubscriptionGrant>((payload.claims.channels ?? []).map((name) => [name, {}]))
  const text = rawClaim(payload, "subs")
  if (text === undefined) return Result.succeed(subs)
  const entries = members(text)
  if (entries === undefined) return invalid("subs that are no object")
  for (const [channel, entry] of entries) {
    const part = readGrant(entry)
    if (Result.isFailure(part)) return invalid(`subs of ${channel}: ${part.failure.detail}`)
    subs.set(channel, grantOf(part.success))
  }
  return Result.succeed(subs)
}

export const connectionClaims = (
  payload: Payload,
  userIdClaim: string
): Result.Result<ConnectionClaims, TokenInvalid> =>
  payload.claims.channel == null
    ? Result.flatMap(userOf(payload, userIdClaim), (user) =>
        Result.map(subsOf(payload), (subs) => ({
          user,
          info: payload.claims.b64info ?? bytesOf(payload, "info"),
          meta: bytesOf(payload, "meta"),
          subs,
          expireAt: expiryOf(payload)
        }))
      )
    : invalid("a subscription token in place of a connection token")

export const subscriptionClaims = (
  payload: Payload,
  userIdClaim: string
): Result.Result<SubscriptionClaims, TokenInvalid> => {
  const { channel, client } = payload.claims
  if (channel == null || channel === "") return invalid("no channel")
  return Result.map(userOf(payload, userIdClaim), (user) => ({
    ...grantOf(payload),
    user,
    channel,
    client: client == null || client === "" ? undefined : client,
    expireAt: expiryOf(payload)
  }))
}
