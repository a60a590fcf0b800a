/**
 * Owns the shards of this process: places new connections, restarts a shard that crashes, closes everyone in order at the end.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig, type ServerConfigValue } from "../config/ServerConfig.ts"
import { CloseReasons } from "../protocol/closeCodes.ts"
import { deltaOf } from "../protocol/fossilDelta.ts"
import { OwnAddress } from "../services/ActorTree.ts"
import { ClientPublications } from "../services/ClientPublications.ts"
import type { Connection } from "../services/hot/Connection.ts"
import type { Placement } from "../services/hot/Intake.ts"
import { Slicer } from "../services/hot/Slicer.ts"
import { streamFanOut } from "../services/hot/StreamFanOut.ts"
import { makeNow } from "../services/now.ts"
import { connectionCapacity, openFileLimit } from "../services/openFiles.ts"
import { Acknowledgements } from "../services/receipts/AckDesk.ts"
import { acknowledging } from "../services/receipts/ackFrame.ts"
import { SlowConsumers } from "../services/SlowConsumers.ts"
import { rawFrame } from "../services/sessions/plainWires.ts"
import { Session } from "../services/sessions/Session.ts"
import { Transport } from "../services/Transport.ts"
import { type HookRunner, makeHookRunner } from "./hookRunner.ts"
import { type Shard, type ShardOptions, shardProgram } from "./Shard.ts"
import * as Supervisor from "./Supervisor.ts"

/** Shards crash on bugs, not on clients: five restarts in a minute, then the process gives up and its supervisor takes over. */
export const SHARD_RESTARTS = { budget: 5, windowMs: 60_000, backoffMs: 100, maxBackoffMs: 5000 } as const

/** Connections that one shard should own. */
const CONNECTIONS_PER_SHARD = 5000
const MAX_AUTO_SHARDS = 64

/** Connections closed in a second at the end, where `shutdown.timeout` allows it: clients do not come back all at once. */
const CLOSES_PER_SECOND = 2000
const CLOSE_STEP_MS = 10

const shardCount = ({ server: { shards } }: ServerConfigValue): number => {
  if (shards !== "auto") return shards
  const capacity = connectionCapacity(openFileLimit())
  return Math.min(MAX_AUTO_SHARDS, Math.max(1, Math.ceil(capacity / CONNECTIONS_PER_SHARD)))
}

/** What `raw.onMessage` does with a message, chosen once. The bytes are the socket's and good until it returns. */
const messageHandler = (
  { raw }: ServerConfigValue,
  clients: ClientPublications["Service"],
  onSlow: ShardOptions["onSlow"],
  hook: HookRunner["message"]
): ShardOptions["onMessage"] => {
  const actions = {
    ignore: undefined,
    echo: (connection: Connection, data: Uint8Array, isBinary: boolean) => {
      if (!connection.send(Uint8Array.from(data), isBinary)) onSlow(connection)
    },
    broadcast: (_: Connection, data: Uint8Array, isBinary: boolean) => {
      clients.publish(Uint8Array.from(data), isBinary)
    }
  }
  const action = actions[raw.onMessage]
  if (hook === undefined) return action ?? (() => {})
  if (action === undefined) return hook
  return (connection, data, isBinary) => {
    action(connection, data, isBinary)
    hook(connection, data, isBinary)
  }
}

export class ShardSupervisor extends Context.Service<
  ShardSupervisor,
  {
    readonly placement: Placement
    readonly hooks: HookRunner
    readonly actors: ReadonlyArray<Supervisor.SupervisedActor>
    /** Closes all connections with 1012, spread over at most `within`, then stops the shards when their mailboxes are empty. */
    readonly drain: (within: Duration.Duration) => Effect.Effect<void>
    /** Fails when a shard's restart budget is spent. */
    readonly failure: Effect.Effect<never, Supervisor.RestartBudgetSpent>
  }
>()("clarion/actors/ShardSupervisor") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const config = yield* ServerConfig
      const hooks = yield* makeHookRunner(config)
      const shards: Array<Shard | undefined> = Array.from({ length: shardCount(config) })
      const slow = yield* SlowConsumers
      const closesSlow = config.limits.slowConsumer === "close"
      const onSlow = (connection: Connection) => {
        slow.foundFull(connection, closesSlow ? "closed" : "dropped")
        if (closesSlow) connection.close(CloseReasons.slow)
      }
      const { fanOut } = yield* Transport
      const acks = yield* Acknowledgements
      const onMessage = messageHandler(config, yield* ClientPublications, onSlow, hooks.message)
      const options: ShardOptions = {
        fanOut,
        streamFanOut,
        deltaOf,
        rawFrame,
        slicer: new Slicer(),
        mailboxCapacity: config.limits.mailbox,
        onMessage: acks === undefined ? onMessage : acknowledging(acks, onMessage),
        onSlow,
        now: yield* makeNow
      }
      const supervisor = yield* Supervisor.make(`${yield* OwnAddress}/shards`, SHARD_RESTARTS)
      const actors = yield* Effect.forEach(shards, (_, i) =>
        supervisor.supervise({
          name: `shard-${i}`,
          program: shardProgram(`shard-${i}`, options, (shard) => {
            shards[i] = shard
          }),
          probe: () => ({ mailbox: shards[i]?.mailbox.depth() ?? 0, connections: shards[i]?.size ?? 0 })
        })
      )
      const placement: Placement = {
        place: placeInRuns(shards),
        closed: (connection, code) => {
          if (connection.attachment instanceof Session) connection.attachment.gone(code)
          else hooks.closed?.(connection, code)
        }
      }
      return ShardSupervisor.of({
        placement,
        hooks,
        actors,
        drain: (within) =>
          Effect.andThen(
            closeAll(shards, Duration.toMillis(within)),
            Effect.forEach(actors, (actor) => actor.stop, { concurrency: "unbounded", discard: true })
          ),
        failure: supervisor.failure
      })
    })
  )
}

/** Connections that go to one shard before the next is chosen: as many as a slice of a drain. */
const RUN = 128

/**
 * Neighbours in time become neighbours in a shard: their sockets lie close together in the kernel's memory, so that a slice touches
 * fewer cache lines and pages. The gain is small: 0.81–0.86 µs a message against 0.84–0.90 one by one (4 shards, depth 10).
 */
const placeInRuns = (shards: ReadonlyArray<Shard | undefined>): Placement["place"] => {
  let current: Shard | undefined
  let left = 0
  return (connection, opening) => {
    if (left === 0 || current === undefined || !shards.includes(current)) {
      current = smallest(shards)
      left = RUN
    }
    left--
    if (current === undefined) return false
    if (opening === undefined) current.add(connection)
    else opening.open(connection, current)
    return true
  }
}

const smallest = (shards: ReadonlyArray<Shard | undefined>): Shard | undefined => {
  let best: Shard | undefined
  for (const shard of shards)
    if (shard !== undefined && (best === undefined || shard.size < best.size)) best = shard
  return best
}

/** Closes step by step, so that everyone is closed within the time, and no faster than need be. */
const closeAll = Effect.fnUntraced(function* (shards: ReadonlyArray<Shard | undefined>, withinMs: number) {
  const open = shards.flatMap((shard) => [
    ...(shard?.connections.items ?? []),
    ...(shard?.sessions.items ?? [])
  ])
  const totalMs = Math.min(withinMs, (open.length / CLOSES_PER_SECOND) * 1000)
  const steps = Math.max(1, Math.floor(totalMs / CLOSE_STEP_MS))
  const perStep = Math.ceil(open.length / steps)
  for (let at = 0; at < open.length; at += perStep) {
    for (const connection of open.slice(at, at + perStep)) {
      const { isSession, owner } = connection
      owner?.end(connection, isSession ? CloseReasons.shutdown : CloseReasons.restart)
    }
    if (at + perStep < open.length) yield* Effect.sleep(CLOSE_STEP_MS)
  }
})
