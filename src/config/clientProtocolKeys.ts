/** What clients of the Centrifugo protocol may do and how they are treated. Names and built-in values are Centrifugo's, in camel case. */
import * as Duration from "effect/Duration"
import { codeMap } from "./codeMap.ts"
import { key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { pattern } from "./pattern.ts"
import { publicKey } from "./publicKey.ts"

/** Names of headers and cookies: a token of RFC 9110. */
const name = Kind.refine(Kind.text, "a name of letters, digits and marks such as - and _", (text) =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(text)
)

/** How tokens are verified: connection tokens under `client.token`, subscription tokens under `client.subscriptionToken`. */
const tokenKeys = <const P extends string>(prefix: P) => {
  const keys = {
    hmacSecretKey: key(Kind.secret, undefined, "secret of HS256, HS384 and HS512 tokens"),
    hmacPreviousSecretKey: key(Kind.secret, undefined, "the secret before; still good for a while"),
    hmacPreviousSecretKeyValidUntil: key(
      Kind.integer(0),
      0,
      "end of that while, in seconds since the epoch; 0: it has no end"
    ),
    rsaPublicKey: key(publicKey("rsa"), undefined, "public key of RS256, RS384 and RS512 tokens (PEM)"),
    ecdsaPublicKey: key(publicKey("ec"), undefined, "public key of ES256, ES384 and ES512 tokens (PEM)"),
    ed25519PublicKey: key(publicKey("ed25519"), undefined, "public key of EdDSA tokens (PEM)"),
    jwksPublicEndpoint: key(
      Kind.httpUrl,
      undefined,
      "URL of a JSON Web Key Set, in place of other keys; {{name}} stands for a group of audienceRegex or issuerRegex"
    ),
    audience: key(Kind.text, undefined, "what the aud claim must be or hold"),
    audienceRegex: key(pattern, undefined, "what it, or one of it, must match; not anchored"),
    issuer: key(Kind.text, undefined, "what the iss claim must be"),
    issuerRegex: key(pattern, undefined, "what it must match; not anchored"),
    userIdClaim: key(
      Kind.refine(Kind.text, "letters and underscores", (name) => /^[a-zA-Z_]+$/.test(name)),
      "sub",
      "the claim with the user id"
    )
  }
  return Object.fromEntries(
    Object.entries(keys).map(([name, value]) => [`${prefix}.${name}`, value])
  ) as unknown as { readonly [K in keyof typeof keys & string as `${P}.${K}`]: (typeof keys)[K] }
}

export const clientProtocolKeys = {
  "client.insecure": key(
    Kind.boolean,
    false,
    "true: everyone may do everything, without a token; one that comes is verified, and does not expire; for development"
  ),
  "client.allowedOrigins": key(
    Kind.list,
    [],
    "pages of other origins that may connect, as globs: https://*.example.com; *: all; those of the server's own always may"
  ),
  "client.allowAnonymousConnectWithoutToken": key(
    Kind.boolean,
    false,
    "clients may connect without a token, as nobody in particular"
  ),
  "client.disallowAnonymousConnectionTokens": key(
    Kind.boolean,
    false,
    "tokens without a user id are refused with 3507"
  ),
  "client.userIdHttpHeader": key(
    name,
    undefined,
    "header with the user id, set by a gateway that clients cannot go around"
  ),
  "client.pingInterval": key(
    Kind.duration,
    Duration.seconds(25),
    "time between pings of the protocol; 0: none"
  ),
  "client.pongTimeout": key(Kind.duration, Duration.seconds(8), "time to answer one; 0: no answer wanted"),
  "client.staleCloseDelay": key(Kind.positiveDuration, Duration.seconds(10), "time to connect successfully"),
  "client.expiredCloseDelay": key(
    Kind.duration,
    Duration.seconds(25),
    "time to refresh a connection that expired"
  ),
  "client.expiredSubCloseDelay": key(
    Kind.duration,
    Duration.seconds(25),
    "time to refresh a subscription that expired"
  ),
  "client.presenceUpdateInterval": key(
    Kind.positiveDuration,
    Duration.seconds(27),
    "how often presence is renewed and the expiry of subscriptions checked"
  ),
  "client.channelPositionCheckDelay": key(
    Kind.positiveDuration,
    Duration.seconds(40),
    "how often positions are compared with the broker"
  ),
  "client.queueMaxSize": key(
    Kind.integer(1024),
    1_048_576,
    "bytes that may wait for a client before it is closed with 3008"
  ),
  "client.writeTimeout": key(
    Kind.positiveDuration,
    Duration.seconds(1),
    "a client that takes nothing for so long while bytes wait is closed with 3009"
  ),
  "client.channelLimit": key(Kind.integer(1), 128, "subscriptions of one connection"),
  "client.commandQueue": key(
    Kind.integer(1),
    1024,
    "commands of one connection that may wait for one before them"
  ),
  "client.userConnectionLimit": key(
    Kind.integer(0),
    0,
    "connections of one user in a process, more are closed with 3504; 0: no limit"
  ),
  "client.historyMaxPublicationLimit": key(
    Kind.integer(1),
    300,
    "publications that a client gets from history at once"
  ),
  "client.recoveryMaxPublicationLimit": key(
    Kind.integer(1),
    300,
    "publications that are recovered at most; who missed more is told so"
  ),
  "client.connectIncludeServerTime": key(Kind.boolean, false, "the server's time in the answer to connect"),
  "client.subscribeToUserPersonalChannel.enabled": key(
    Kind.boolean,
    false,
    "every user is subscribed to the channel #<user>"
  ),
  "client.subscribeToUserPersonalChannel.personalChannelNamespace": key(
    Kind.text,
    undefined,
    "namespace of that channel"
  ),
  "client.subscribeToUserPersonalChannel.singleConnection": key(
    Kind.boolean,
    false,
    "a user's older connections are closed with 3504"
  ),
  ...tokenKeys("client.token"),
  "client.token.cookie": key(
    name,
    undefined,
    "cookie that holds the connection token, where the client sends none"
  ),
  "client.subscriptionToken.enabled": key(
    Kind.boolean,
    false,
    "subscription tokens have keys of their own; false: those of connection tokens"
  ),
  ...tokenKeys("client.subscriptionToken"),
  "websocket.enabled": key(Kind.boolean, true, "serve /connection/websocket"),
  "sse.enabled": key(Kind.boolean, false, "serve /connection/sse and /emulation"),
  "httpStream.enabled": key(Kind.boolean, false, "serve /connection/http_stream and /emulation"),
  "uniWebsocket.enabled": key(Kind.boolean, false, "serve /connection/uni_websocket"),
  "uniWebsocket.joinPushMessages": key(Kind.boolean, false, "several pushes may share a frame"),
  "uniWebsocket.disableDisconnectPush": key(Kind.boolean, false, "only the close frame says why"),
  "uniSse.enabled": key(Kind.boolean, false, "serve /connection/uni_sse"),
  "uniHttpStream.enabled": key(Kind.boolean, false, "serve /connection/uni_http_stream"),
  "client.connectCodeToUnidirectionalDisconnect": key(
    codeMap("close code", 3000, 4999),
    [],
    "how unidirectional connections end whose connect failed, by error code; others end as docs/errors.md says"
  ),
  "client.connectCodeToHttpResponse": key(
    codeMap("HTTP status", 400, 599),
    [],
    "connect errors that uni_sse and uni_http_stream answer with a status instead"
  ),
  "events.enabled": key(Kind.boolean, true, "serve /events: EventSource without an SDK"),
  "rpc.ping.enabled": key(Kind.boolean, false, "answer an RPC that does nothing"),
  "rpc.ping.method": key(Kind.text, "ping", "its name")
}
