/**
 * Nodes of one cluster with all that fires schedules, in this process, over a real NATS. What they publish comes to one ledger, which knows keys as
 * the broker over NATS does.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as ScheduleTimer from "../../../src/actors/ScheduleTimer.ts"
import { ServerConfig } from "../../../src/config/ServerConfig.ts"
import { ActorTree } from "../../../src/services/ActorTree.ts"
import { Broker, type PublishOptions } from "../../../src/services/broker/Broker.ts"
import { Channels } from "../../../src/services/channels/Channels.ts"
import { Leadership } from "../../../src/services/cluster/Leadership.ts"
import { Roster } from "../../../src/services/cluster/Roster.ts"
import { Hub } from "../../../src/services/Hub.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { Publisher } from "../../../src/services/Publisher.ts"
import * as StoredReceipts from "../../../src/services/receipts/StoredReceipts.ts"
import { layerNats } from "../../../src/services/schedules/nats/natsSchedules.ts"
import type { Schedule } from "../../../src/services/schedules/Schedule.ts"
import { ScheduleRuns } from "../../../src/services/schedules/ScheduleRuns.ts"
import { Scheduler } from "../../../src/services/schedules/Scheduler.ts"
import { ScheduleStore } from "../../../src/services/schedules/ScheduleStore.ts"
import { layer as schedulerLayer } from "../../../src/services/schedules/schedulerLayer.ts"
import { layerMemory } from "../../../src/services/store/MemoryStore.ts"
import { TcpLink } from "../centrifuge/TcpLink.ts"
import type { NatsServer } from "../nats/NatsServer.ts"
import { natsConfig } from "../nats/natsLink.ts"

/** An attempt to publish a run. */
export interface Attempt {
  readonly node: string
  readonly channel: string
  readonly key: string
  /** It was known already. */
  readonly isSuppressed: boolean
}

export class Ledger {
  readonly attempts: Array<Attempt> = []
  readonly #keys = new Set<string>()

  add(node: string, channel: string, key: string): Attempt {
    const known = `${channel} ${key}`
    const attempt = { node, channel, key, isSuppressed: this.#keys.has(known) }
    this.#keys.add(known)
    this.attempts.push(attempt)
    return attempt
  }

  get published(): ReadonlyArray<Attempt> {
    return this.attempts.filter(({ isSuppressed }) => !isSuppressed)
  }
}

/** What a test does to one node. */
export class Hooks {
  /** What a publication meets before it is done, and a commit after it is. */
  beforePublish: Effect.Effect<void> = Effect.void
  afterCommit: Effect.Effect<void> = Effect.void
}

const unused = () => Effect.die(new Error("not used"))

const brokerOf = (name: string, ledger: Ledger, hooks: Hooks) =>
  Layer.succeed(
    Broker,
    Broker.of({
      publish: (channel: string, _data: Uint8Array, options: PublishOptions) =>
        Effect.gen(function* () {
          yield* Effect.suspend(() => hooks.beforePublish)
          const { isSuppressed } = ledger.add(name, channel, options.idempotencyKey ?? "")
          return { offset: 1, epoch: "e", isSuppressed }
        }),
      announce: unused,
      subscribe: unused,
      unsubscribe: unused,
      history: unused,
      removeHistory: unused
    })
  )

const storeOf = (hooks: Hooks) =>
  Layer.effect(
    ScheduleStore,
    Effect.map(ScheduleStore, (store) =>
      ScheduleStore.of({
        ...store,
        commit: (changes) => Effect.tap(store.commit(changes), () => hooks.afterCommit)
      })
    )
  ).pipe(Layer.provide(layerNats))

export const startScheduleNode = Effect.fnUntraced(function* (
  servers: ReadonlyArray<NatsServer>,
  name: string,
  ledger: Ledger
) {
  const hooks = new Hooks()
  const ways = yield* Effect.promise(() => Promise.all(servers.map(({ port }) => TcpLink.before(port))))
  const urls = ways.map(({ port }) => ({ url: `nats://127.0.0.1:${port}` }))
  const config = {
    ...natsConfig(urls, {
      reconnectWait: 20,
      reconnectJitter: 0,
      // A test that is not of a NATS that hangs is none of a busy machine either.
      requestTimeout: "10 seconds",
      replicas: servers.length
    }),
    node: { name }
  }
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const layer = ScheduleTimer.layer.pipe(
    Layer.provideMerge(schedulerLayer),
    Layer.provideMerge(ScheduleRuns.layer),
    Layer.provideMerge(storeOf(hooks)),
    Layer.provideMerge(Leadership.layerNats),
    Layer.provideMerge(Roster.layer("100 millis")),
    Layer.provideMerge(NatsLink.layer),
    Layer.provideMerge(Publisher.layer),
    Layer.provideMerge(StoredReceipts.layer),
    Layer.provideMerge(
      Layer.mergeAll(brokerOf(name, ledger, hooks), Channels.layer, ActorTree.layer, layerMemory)
    ),
    Layer.provideMerge(Hub.layer),
    Layer.provideMerge(Metrics.layer),
    Layer.provideMerge(Layer.sync(ServerConfig, () => config))
  )
  const context = yield* Layer.buildWithScope(Layer.fresh(layer), scope)
  return {
    name,
    hooks,
    scheduler: Context.get(context, Scheduler),
    store: Context.get(context, ScheduleStore),
    leadership: Context.get(context, Leadership),
    roster: Context.get(context, Roster),
    /** In good order. */
    end: Scope.close(scope, Exit.void),
    /** From now on nothing of it happens any more, as far as others can see. */
    kill: Effect.sync(() => {
      hooks.beforePublish = Effect.never
      hooks.afterCommit = Effect.never
      for (const way of ways) way.close()
    }),
    /** From now on NATS cannot be reached; until then `join`. */
    cutOff: Effect.sync(() => {
      for (const way of ways) way.close()
    }),
    join: Effect.sync(() => {
      for (const way of ways) way.open()
    }),
    link: Context.get(context, NatsLink)
  }
})

export type ScheduleNode = Effect.Success<ReturnType<typeof startScheduleNode>>

/** Of one that has just been made, however long that took: it begins with the first that had not passed. */
export const duesOf = ({ trigger, due }: Schedule): ReadonlyArray<number> => {
  if (trigger.kind !== "every" || trigger.end === undefined || due === undefined)
    throw new Error("not one that is repeated until an end")
  const { every, end } = trigger
  return Array.from({ length: Math.ceil((end - due) / every) }, (_, at) => due + at * every)
}
