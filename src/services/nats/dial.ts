/** The first connection of a node to NATS. Whichever of them is started first: the node waits for NATS, and says so. */
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { BrokerConfig } from "../../config/brokerKeys.ts"
import { mayConnect } from "./mayPass.ts"
import { refusalOf } from "./refusal.ts"

/** Time for what was published last to leave, at the end. */
const CLOSE_TIMEOUT = "2 seconds"

/** One attempt for each server. */
const connectOnce = (options: NodeConnectionOptions): Effect.Effect<NatsConnection, unknown, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: () => connect(options), catch: (error) => error }),
    (connection) =>
      Effect.promise(() => connection.drain().catch(() => connection.close())).pipe(
        Effect.timeoutOption(CLOSE_TIMEOUT),
        Effect.andThen(Effect.promise(() => connection.close()))
      )
  )

/**
 * Tries for `broker.nats.connectTimeout`, or until something is wrong that does not pass; that is the error. The connection closes with the scope,
 * when what was published has left.
 */
export const dial = (
  config: BrokerConfig["nats"],
  options: NodeConnectionOptions
): Effect.Effect<NatsConnection, unknown, Scope.Scope> =>
  Effect.suspend(() => {
    let isSaid = false
    const say = (error: unknown): Effect.Effect<void> => {
      if (isSaid || !mayConnect(error)) return Effect.void
      isSaid = true
      return Effect.logWarning(
        `waiting for NATS at ${config.servers.join(", ")}: ${refusalOf(config, error)}`
      )
    }
    return connectOnce(options).pipe(
      Effect.tapError(say),
      Effect.retry({
        schedule: Schedule.spaced(config.reconnectWait).pipe(
          Schedule.jittered,
          Schedule.upTo({ duration: config.connectTimeout })
        ),
        while: mayConnect
      })
    )
  })
