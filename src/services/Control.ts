/**
 * What the server API asks of client sessions, in whatever process they are: each process does its part, and tells what it holds.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { BrokerUnavailable } from "./broker/Broker.ts"
import type { StreamPosition } from "./hot/ChannelEvent.ts"

/** Whom a command means: all sessions of a user, or one of them. */
export interface Target {
  readonly user: string
  /** Id of one connection. */
  readonly client?: string | undefined
  /** Secret session id of one connection. */
  readonly session?: string | undefined
  /** Pages of one log-in to the dashboard (`AdminSession.login`); their user is "". */
  readonly login?: string | undefined
}

/** What a server or a token says of a subscription instead of the channel's options; undefined leaves the option. */
export interface SubscriptionOverride {
  readonly presence?: boolean | undefined
  readonly joinLeave?: boolean | undefined
  readonly forceRecovery?: boolean | undefined
  readonly forcePositioning?: boolean | undefined
  readonly forcePushJoinLeave?: boolean | undefined
}

/** What comes with a subscription that a server or token grants. */
export interface SubscriptionGrant {
  /** JSON, shown to others as `chan_info`. */
  readonly info?: Uint8Array | undefined
  /** For the client itself. */
  readonly data?: Uint8Array | undefined
  /** Seconds since the epoch. */
  readonly expireAt?: number | undefined
  readonly override?: SubscriptionOverride | undefined
}

export type ControlCommand =
  | ({
      readonly _tag: "Subscribe"
      readonly channel: string
      readonly recoverSince?: StreamPosition | undefined
    } & Target &
      SubscriptionGrant)
  | ({ readonly _tag: "Unsubscribe"; readonly channel: string } & Target)
  | ({
      readonly _tag: "Disconnect"
      readonly code: number
      readonly reason: string
      /** Client ids that stay. */
      readonly whitelist: ReadonlyArray<string>
    } & Target)
  | ({
      readonly _tag: "Refresh"
      readonly isExpired: boolean
      /** Seconds since the epoch; undefined: never expires. */
      readonly expireAt?: number | undefined
      readonly info?: Uint8Array | undefined
    } & Target)

/** One process that holds connections, as it sees itself. */
export interface NodeInfo {
  readonly uid: string
  readonly name: string
  readonly version: string
  /** Client sessions, raw connections not counted. */
  readonly numClients: number
  readonly numUsers: number
  readonly numChannels: number
  readonly numSubs: number
  /** Seconds. */
  readonly uptime: number
}

export class Control extends Context.Service<
  Control,
  {
    /**
     * Completes when the command is on its way to every process of this node, and all other nodes have done it; fails where one of them has
     * not said so: it may not have.
     */
    readonly apply: (command: ControlCommand) => Effect.Effect<void, BrokerUnavailable>
    /** The processes that hold connections, of all nodes that answer. */
    readonly nodes: Effect.Effect<ReadonlyArray<NodeInfo>>
    /** Channels that have subscribers, with their number over all processes. */
    readonly channels: Effect.Effect<ReadonlyMap<string, number>>
    /**
     * Hands commands of a client whose connection is one-way to its session in a process of this node; false where it has no process of that
     * id. A session that is gone is no failure.
     */
    readonly emulate: (
      process: string,
      session: string,
      data: Uint8Array
    ) => Effect.Effect<boolean, BrokerUnavailable>
  }
>()("clarion/services/Control") {}
