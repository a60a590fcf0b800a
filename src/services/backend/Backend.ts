/**
 * What the application decides about clients: an HTTP backend (the proxies of the configuration) or, where a program embeds Clarion,
 * Effects of its own (`BackendHooks`). A session asks for the hook that applies, and gets undefined where there is none.
 *
 * A backend that fails or does not answer in time is `BackendFailed`; what it refuses comes as an error or a disconnect of its choice.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import type { SubscriptionGrant } from "../Control.ts"

/** The backend broke or was too slow: error 100 for commands, close 3004 where there is no command to answer. */
export class BackendFailed extends Data.TaggedError("BackendFailed")<{ readonly detail: string }> {
  override get message(): string {
    return `the backend failed: ${this.detail}`
  }
}

/** An error that the client gets in its reply; application codes are 400–1999. */
export class BackendError extends Data.TaggedError("BackendError")<{
  readonly code: number
  readonly message: string
  readonly isTemporary: boolean
}> {}

/** The connection is to be closed; application codes are 4000–4999. */
export class BackendDisconnect extends Data.TaggedError("BackendDisconnect")<{
  readonly code: number
  readonly reason: string
}> {}

export type BackendFailure = BackendFailed | BackendError | BackendDisconnect

/** The connection that something is asked about. */
export interface ClientFacts {
  /** Connection id. */
  readonly client: string
  readonly transport: "websocket" | "sse" | "http_stream" | "uni_websocket" | "uni_sse" | "uni_http_stream"
  readonly protocol: "json" | "protobuf"
  /** Whether `data` can be any bytes. */
  readonly encoding: "json" | "binary"
  /** Headers of the handshake, names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Headers that the client gave in its connect command, for browsers cannot set real ones. */
  readonly emulatedHeaders: Readonly<Record<string, string>>
}

export interface UserFacts extends ClientFacts {
  readonly user: string
  /** JSON that the token or the connect hook gave. */
  readonly meta?: Uint8Array | undefined
}

export interface ConnectAnswer {
  readonly user: string
  /** Seconds since the epoch; undefined: never expires. */
  readonly expireAt?: number | undefined
  readonly info?: Uint8Array | undefined
  readonly data?: Uint8Array | undefined
  readonly meta?: Uint8Array | undefined
  readonly subs: ReadonlyMap<string, SubscriptionGrant>
}

export interface RefreshAnswer {
  readonly isExpired: boolean
  readonly expireAt?: number | undefined
  readonly info?: Uint8Array | undefined
}

export interface PublishAnswer {
  /** What is published instead. */
  readonly data?: Uint8Array | undefined
  readonly skipHistory?: boolean | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly idempotencyKey?: string | undefined
  readonly isDelta?: boolean | undefined
  readonly version?: number | undefined
  readonly versionEpoch?: string | undefined
}

export interface ConnectQuestion extends ClientFacts {
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly data?: Uint8Array | undefined
  /** Server-side subscriptions that the client wants to resume. */
  readonly channels: ReadonlyArray<string>
}

export interface SubscribeQuestion extends UserFacts {
  readonly channel: string
  readonly token?: string | undefined
  readonly data?: Uint8Array | undefined
}

export interface PublishQuestion extends UserFacts {
  readonly channel: string
  readonly data: Uint8Array
}

export interface SubRefreshQuestion extends UserFacts {
  readonly channel: string
}

export interface RpcQuestion extends UserFacts {
  readonly method: string
  readonly data?: Uint8Array | undefined
}

/** Data for the client; undefined is none. */
export type RpcAnswer = Uint8Array | undefined

export type Hook<Question, Answer> = (question: Question) => Effect.Effect<Answer, BackendFailure>

/**
 * The hooks of an embedding program; those that are absent decide nothing. One that is there is asked in place of the proxy of the configuration:
 * `subscribe`, `publish` and `subRefresh` for every channel, `rpc` for every method. A hook that dies, or does not answer within
 * `limits.hookTimeout`, has failed like a backend.
 */
export interface BackendHooksShape {
  readonly connect?: Hook<ConnectQuestion, ConnectAnswer>
  readonly refresh?: Hook<UserFacts, RefreshAnswer>
  readonly subscribe?: Hook<SubscribeQuestion, SubscriptionGrant>
  readonly publish?: Hook<PublishQuestion, PublishAnswer>
  readonly subRefresh?: Hook<SubRefreshQuestion, RefreshAnswer>
  readonly rpc?: Hook<RpcQuestion, RpcAnswer>
}

export const BackendHooks = Context.Reference<BackendHooksShape>("clarion/services/BackendHooks", {
  defaultValue: () => ({})
})

export class Backend extends Context.Service<
  Backend,
  {
    readonly connect: Hook<ConnectQuestion, ConnectAnswer> | undefined
    /** Where it is defined, the server refreshes connections by itself, and clients need not. */
    readonly refresh: Hook<UserFacts, RefreshAnswer> | undefined
    readonly subscribe: (options: ChannelOptions) => Hook<SubscribeQuestion, SubscriptionGrant> | undefined
    readonly publish: (options: ChannelOptions) => Hook<PublishQuestion, PublishAnswer> | undefined
    readonly subRefresh: (options: ChannelOptions) => Hook<SubRefreshQuestion, RefreshAnswer> | undefined
    /** A method in an RPC namespace that nobody configured has a hook, too: it fails with error 104. */
    readonly rpc: (method: string) => Hook<RpcQuestion, RpcAnswer> | undefined
    /** Whether questions need this header of the handshake, its name in lower case: the others need not be kept for them. */
    readonly wantsHeader: (name: string) => boolean
    /** The same for headers that the client gives in its connect command; their names in any case. */
    readonly wantsEmulatedHeader: (name: string) => boolean
  }
>()("clarion/services/Backend") {}
