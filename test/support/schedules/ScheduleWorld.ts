/**
 * Schedules with their timer under TestClock: a store that outlives the process, a broker that keeps what is published, and both can fail, hang, or
 * die with the process.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as ScheduleTimer from "../../../src/actors/ScheduleTimer.ts"
import type { Settings } from "../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import { ActorTree } from "../../../src/services/ActorTree.ts"
import { Broker, BrokerUnavailable, type PublishOptions } from "../../../src/services/broker/Broker.ts"
import { Channels } from "../../../src/services/channels/Channels.ts"
import { Leadership } from "../../../src/services/cluster/Leadership.ts"
import { Hub } from "../../../src/services/Hub.ts"
import { Delivery } from "../../../src/services/hot/Publication.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { BroadcastTotals, Publisher } from "../../../src/services/Publisher.ts"
import { type ReceiptSubject, Receipts } from "../../../src/services/receipts/Receipts.ts"
import * as StoredReceipts from "../../../src/services/receipts/StoredReceipts.ts"
import type { Schedule } from "../../../src/services/schedules/Schedule.ts"
import { ScheduleRuns } from "../../../src/services/schedules/ScheduleRuns.ts"
import { Scheduler } from "../../../src/services/schedules/Scheduler.ts"
import { ScheduleStore } from "../../../src/services/schedules/ScheduleStore.ts"
import { layer as schedulerLayer } from "../../../src/services/schedules/schedulerLayer.ts"
import { layerStored } from "../../../src/services/schedules/storedSchedules.ts"
import { layerMemory } from "../../../src/services/store/MemoryStore.ts"
import { Store, StoreFailed } from "../../../src/services/store/Store.ts"
import { CapturedLogs } from "../CapturedLogs.ts"
import { configWith } from "../configurations.ts"

export const START = Date.parse("2030-01-01T00:00:00Z")

export interface Published {
  readonly channel: string
  readonly text: string
  readonly key: string
  readonly options: PublishOptions
  /** After START, in ms. */
  readonly at: number
}

const DURABLE = /^durable/

/** Never answers. */
const dead = Effect.never

export class ScheduleWorld {
  connections = 10
  readonly published: Array<Published> = []
  readonly receipts: Array<ReceiptSubject> = []
  /** What a publication meets before it is done. */
  meets: (channel: string) => Effect.Effect<void, BrokerUnavailable> = () => Effect.void
  /** What a commit meets before, and after it is done. */
  beforeCommit: () => Effect.Effect<void, StoreFailed> = () => Effect.void
  afterCommit: () => Effect.Effect<void> = () => Effect.void
  afterPublish: () => Effect.Effect<void> = () => Effect.void
  /** What somebody who asks for a receipt meets. */
  beforeReceipt: () => Effect.Effect<void, StoreFailed> = () => Effect.void
  commits = 0
  longestSleep = 1000
  /** Receipts are kept in the store, and each publication reaches one connection. */
  keepsReceipts = false
  readonly logs = new CapturedLogs()
  /** What durable channels know, whatever becomes of the process. */
  readonly #keys = new Set<string>()
  readonly config: ServerConfigValue

  constructor(
    readonly store: Store["Service"],
    settings: Settings<ServerConfigValue> = {}
  ) {
    this.config = configWith({
      channels: {
        withoutNamespace: { historySize: 10, historyTtl: "1 hour" },
        namespaces: [{ name: "durable", historySize: 10, historyTtl: "1 hour", history: { durable: true } }]
      },
      ...settings
    } as Settings<ServerConfigValue>)
  }

  readonly fail = Effect.fail(new StoreFailed({ reason: "full", detail: "no space left" }))
  readonly unavailable = Effect.fail(new BrokerUnavailable({ detail: "down" }))

  texts(channel?: string): ReadonlyArray<string> {
    return this.published
      .filter((one) => channel === undefined || one.channel === channel)
      .map(({ text }) => text)
  }

  /** When something was published, after START in ms. */
  get times(): ReadonlyArray<number> {
    return this.published.map(({ at }) => at)
  }

  get #storeLayer() {
    const { store } = this
    return Layer.succeed(
      Store,
      Store.of({
        ...store,
        commit: (writes) =>
          Effect.suspend(() => this.beforeCommit()).pipe(
            Effect.andThen(store.commit(writes)),
            Effect.tap(() => {
              this.commits++
              return this.afterCommit()
            })
          )
      })
    )
  }

  get #brokerLayer() {
    const publish = Effect.fnUntraced(
      function* (this: ScheduleWorld, channel: string, data: Uint8Array, options: PublishOptions) {
        yield* this.meets(channel)
        const key = `${channel} ${options.idempotencyKey}`
        const isSuppressed = this.#keys.has(key)
        if (!isSuppressed) {
          if (DURABLE.test(channel)) this.#keys.add(key)
          const at = (yield* Clock.currentTimeMillis) - START
          const text = Buffer.from(data).toString()
          this.published.push({ channel, text, key: options.idempotencyKey ?? "", options, at })
          if (this.keepsReceipts) {
            options.delivery?.expect(1)
            options.delivery?.add(1, 1, 0, START + at, START + at)
          }
        }
        yield* this.afterPublish()
        return { offset: 1, epoch: "e", isSuppressed }
      }.bind(this)
    )
    const unused = () => Effect.die(new Error("not used"))
    return Layer.succeed(
      Broker,
      Broker.of({
        publish,
        announce: unused,
        subscribe: unused,
        unsubscribe: unused,
        history: unused,
        removeHistory: unused
      })
    )
  }

  get #receiptsLayer() {
    if (this.keepsReceipts)
      return Layer.provide(StoredReceipts.layer, [
        this.#storeLayer,
        Hub.layer,
        Metrics.layer,
        Layer.succeed(ServerConfig, this.config)
      ])
    return Layer.succeed(
      Receipts,
      Receipts.of({
        open: (subject) => {
          this.receipts.push(subject)
          return {
            id: subject.id,
            isEmpty: false,
            delivery: () => new Delivery(),
            withdraw: () => true,
            missed: () => {},
            seal: () => {}
          }
        },
        version: () => 0,
        acknowledged: () => {},
        get: () => Effect.as(Effect.suspend(this.beforeReceipt), undefined),
        list: () => Effect.succeed({ items: [] })
      })
    )
  }

  get #publisherLayer() {
    return Layer.succeed(
      Publisher,
      Publisher.of({
        broadcast: () => Effect.die(new Error("not used")),
        broadcastUnsafe: () => {},
        connections: Effect.sync(() => this.connections),
        totals: new BroadcastTotals(),
        settled: Effect.void
      })
    )
  }

  get layer() {
    return ScheduleTimer.layer.pipe(
      Layer.provideMerge(schedulerLayer),
      Layer.provideMerge(ScheduleRuns.layer),
      Layer.provideMerge(layerStored),
      Layer.provideMerge(
        Layer.mergeAll(
          this.#storeLayer,
          this.#brokerLayer,
          this.#receiptsLayer,
          this.#publisherLayer,
          Hub.layer,
          Channels.layer,
          ActorTree.layer,
          Leadership.layerAlone,
          Metrics.layer
        )
      ),
      Layer.provideMerge(Layer.succeed(ServerConfig, this.config)),
      Layer.provideMerge(this.logs.layer),
      Layer.provide(this.#clockLayer),
      Layer.provide(Layer.succeed(ScheduleTimer.LongestSleep, this.longestSleep))
    )
  }

  /** How far the wall clock was set, in ms; monotonic time and sleeps know nothing of it. */
  setBy = 0

  get #clockLayer() {
    return Layer.effect(
      Clock.Clock,
      Clock.clockWith((clock) => {
        const millis = () => clock.currentTimeMillisUnsafe() + this.setBy
        const nanos = () => BigInt(millis()) * 1_000_000n
        return Effect.succeed<Clock.Clock>({
          currentTimeMillisUnsafe: millis,
          currentTimeMillis: Effect.sync(millis),
          currentTimeNanosUnsafe: nanos,
          currentTimeNanos: Effect.sync(nanos),
          monotonicTimeNanosUnsafe: () => BigInt(clock.currentTimeMillisUnsafe()) * 1_000_000n,
          monotonicTimeNanos: Effect.sync(() => BigInt(clock.currentTimeMillisUnsafe()) * 1_000_000n),
          sleep: (duration) => clock.sleep(duration)
        })
      })
    )
  }

  /** A process, and how to end it in good order. */
  readonly process = Effect.gen({ self: this }, function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(this.layer, scope)
    const end = Effect.gen(function* () {
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust(2000)
      yield* Fiber.join(closing)
    })
    return {
      context,
      end,
      scheduler: Context.get(context, Scheduler),
      store: Context.get(context, ScheduleStore),
      runs: Context.get(context, ScheduleRuns)
    }
  })

  /** Lets others have the event loop until it is so; a test's time limit is the bound. */
  readonly until = (isSo: () => boolean): Effect.Effect<void> =>
    Effect.promise(async () => {
      while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
    })

  /** As it is done in a process: with its clock. */
  readonly inside = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, this.#clockLayer)

  /** From now on nothing of the present processes happens any more. */
  readonly kill = () => {
    this.meets = () => dead
    this.beforeCommit = () => dead
  }

  readonly revive = () => {
    this.meets = () => Effect.void
    this.beforeCommit = () => Effect.void
    this.afterCommit = () => Effect.void
    this.afterPublish = () => Effect.void
  }
}

export const scheduleWith = (more: Partial<Schedule> = {}): Schedule => {
  const trigger = more.trigger ?? { kind: "at", at: START + 5000 }
  const due = trigger.kind === "at" ? trigger.at : trigger.start
  return {
    id: "one",
    revision: 1,
    state: "scheduled",
    trigger,
    channels: ["news"],
    payload: { kind: "data", data: Buffer.from('"hello"') },
    jitter: 0,
    minConnections: 0,
    catchUp: "once",
    about: "",
    createdAt: START,
    updatedAt: START,
    due,
    fireAt: due,
    runs: 0,
    records: 0,
    ...more
  }
}

export const newStore = Effect.map(Layer.build(layerMemory), (context) => Context.get(context, Store))
