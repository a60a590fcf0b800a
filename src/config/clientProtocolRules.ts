/** What has to fit together in the configuration of clients and their tokens. */
import * as Duration from "effect/Duration"
import type { ChannelsConfig } from "./channelsKeys.ts"
import type { clientProtocolKeys } from "./clientProtocolKeys.ts"
import type { ConfigOf } from "./Keys.ts"
import { groupNames } from "./pattern.ts"
import type { Rule } from "./resolve.ts"
import { show } from "./sources.ts"

type ClientConfig = ConfigOf<typeof clientProtocolKeys>["client"]
type ClientRule = Rule<{ readonly client: ClientConfig; readonly channels: ChannelsConfig }>

/** How one kind of token is verified. */
export type TokenConfig = Omit<ClientConfig["subscriptionToken"], "enabled">

const pongBeforePing: ClientRule = ({ client: { pingInterval, pongTimeout } }) => {
  const [ping, pong] = [Duration.toMillis(pingInterval), Duration.toMillis(pongTimeout)]
  return ping > 0 && pong >= ping
    ? [{ where: "client.pongTimeout", message: "must be shorter than client.pingInterval" }]
    : []
}

const personalNamespaceExists: ClientRule = ({ client, channels: { namespaces } }) => {
  const { personalChannelNamespace: wanted } = client.subscribeToUserPersonalChannel
  return wanted === undefined || namespaces.some(({ name }) => name === wanted)
    ? []
    : [
        {
          where: "client.subscribeToUserPersonalChannel.personalChannelNamespace",
          message: `${show(wanted)} is none of channels.namespaces`
        }
      ]
}

const STATIC_KEYS = ["hmacSecretKey", "rsaPublicKey", "ecdsaPublicKey", "ed25519PublicKey"] as const

/** The names in {{…}} of the URL of a key set. */
export const templateNames = (url: string): ReadonlyArray<string> =>
  [...url.matchAll(/\{\{(.*?)\}\}/g)].map(([, name]) => name!)

const tokenProblems = (
  token: TokenConfig
): ReadonlyArray<readonly [option: keyof TokenConfig, message: string]> => {
  const { jwksPublicEndpoint, audienceRegex, issuerRegex } = token
  const groups = [audienceRegex, issuerRegex].flatMap((regex) =>
    regex === undefined ? [] : groupNames(regex)
  )
  return [
    ...(["audience", "issuer"] as const)
      .filter((claim) => token[claim] !== undefined && token[`${claim}Regex`] !== undefined)
      .map((claim) => [`${claim}Regex`, `and ${claim} exclude each other`] as const),
    ...(token.hmacPreviousSecretKey !== undefined && token.hmacSecretKey === undefined
      ? [["hmacPreviousSecretKey", "needs hmacSecretKey, the one after it"] as const]
      : []),
    ...(token.hmacPreviousSecretKeyValidUntil > 0 && token.hmacPreviousSecretKey === undefined
      ? [["hmacPreviousSecretKeyValidUntil", "needs hmacPreviousSecretKey"] as const]
      : []),
    ...(jwksPublicEndpoint === undefined
      ? []
      : STATIC_KEYS.filter((option) => token[option] !== undefined).map(
          (option) =>
            [option, "would never be used: where jwksPublicEndpoint is set, its keys alone are"] as const
        )),
    ...templateNames(jwksPublicEndpoint ?? "")
      .filter((name) => !groups.includes(name))
      .map(
        (name) =>
          [
            "jwksPublicEndpoint" as const,
            `{{${name}}} is no named group of audienceRegex or issuerRegex`
          ] as const
      )
  ]
}

const tokensFit: ClientRule = ({ client: { token, subscriptionToken } }) =>
  (
    [
      ["client.token", token],
      ["client.subscriptionToken", subscriptionToken]
    ] as const
  ).flatMap(([where, config]) =>
    tokenProblems(config).map(([option, message]) => ({ where: `${where}.${option}`, message }))
  )

const subscriptionKeysExist: ClientRule = ({ client: { subscriptionToken } }) =>
  subscriptionToken.enabled &&
  [...STATIC_KEYS, "jwksPublicEndpoint" as const].every((option) => subscriptionToken[option] === undefined)
    ? [
        {
          where: "client.subscriptionToken.enabled",
          message: "needs a key under client.subscriptionToken, or every subscription token is refused"
        }
      ]
    : []

export const clientProtocolRules: ReadonlyArray<ClientRule> = [
  pongBeforePing,
  personalNamespaceExists,
  tokensFit,
  subscriptionKeysExist
]
