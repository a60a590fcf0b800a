/**
 * Serves from worker processes, each with shards of its own, that share one port. This process holds no connection: it
 * supervises them, carries publications to them, and answers the plain HTTP that lands in any of them.
 *
 * A worker that dies or falls silent is replaced after a backoff, within a budget; its connections are lost, those of
 * others notice nothing. Serving fails when no worker is left that may be restarted.
 */

import { availableParallelism } from "node:os"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../config/ServerConfig.ts"
import { ActorTree } from "../services/ActorTree.ts"
import { OwnTokenKey } from "../services/admin/ownTokens.ts"
import { BackendHooks } from "../services/backend/Backend.ts"
import { Broker, BrokerUnavailable } from "../services/broker/Broker.ts"
import { readCertificate } from "../services/certificate.ts"
import { Emulation } from "../services/Emulation.ts"
import { Hooks } from "../services/Hooks.ts"
import { Hub } from "../services/Hub.ts"
import { Metrics } from "../services/Metrics.ts"
import { epochAtZero } from "../services/now.ts"
import { openFileLimit } from "../services/openFiles.ts"
import { Presence } from "../services/Presence.ts"
import { Publisher } from "../services/Publisher.ts"
import { probePort } from "../services/portProbe.ts"
import { Receipts } from "../services/receipts/Receipts.ts"
import { HooksElsewhere, type Served, Serving, WorkerFailed } from "../services/Serving.ts"
import { SessionEvents } from "../services/SessionEvents.ts"
import { SlowConsumers } from "../services/SlowConsumers.ts"
import { Interest } from "../services/sessions/Interest.ts"
import type { PlainHandler } from "../services/Transport.ts"
import { chooseTransport } from "../services/transportLayer.ts"
import { chooseWorkers } from "../services/workerCount.ts"
import { AddressLedger } from "../services/workers/AddressLedger.ts"
import type { DeskEnv } from "../services/workers/AnswerDesk.ts"
import { workerEventTags } from "../services/workers/controlMessages.ts"
import { layerControl, layerLargest, WorkerRoster } from "../services/workers/WorkerRoster.ts"
import { workerSettings } from "../services/workers/workerSettings.ts"
import { CLOSE_GRACE } from "./LocalServing.ts"
import { makeObserve } from "./observeWorkers.ts"
import * as Supervisor from "./Supervisor.ts"
import { WorkerSlot } from "./WorkerSlot.ts"
import { workerProgram } from "./workerProgram.ts"

/** Six crashes of one worker within a minute are no accident. */
export const WORKER_RESTARTS = { budget: 5, windowMs: 60_000, backoffMs: 100, maxBackoffMs: 5000 } as const

const ADDRESS = "primary/workers"
/** Connections closed in a second at the end, where `shutdown.timeout` allows it. */
const CLOSES_PER_SECOND = 2000

/** The same of a session that another node holds: false where there is none. */
const emulateElsewhere = (
  emulation: Emulation["Service"],
  process: string,
  session: string,
  data: Uint8Array
): Effect.Effect<boolean, BrokerUnavailable> =>
  Effect.flatMap(emulation.forward(process, session, data), (how) =>
    how === "unavailable"
      ? Effect.fail(new BrokerUnavailable({ detail: "the node of the session does not answer" }))
      : Effect.succeed(how === "done")
  )

/** With what the questions of workers are answered. */
const makeDesk = Effect.gen(function* () {
  const hub = yield* Hub
  const broker = yield* Broker
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const interest = new Interest(hub, broker, fork)
  const roster = yield* WorkerRoster
  const emulation = yield* Emulation
  const desk: DeskEnv = {
    hub,
    broker,
    presence: yield* Presence,
    ready: (channel) => interest.ready(channel),
    emulate: (process, session, data) =>
      Effect.flatMap(roster.emulate(process, session, data), (isHere) =>
        isHere ? Effect.succeed(true) : emulateElsewhere(emulation, process, session, data)
      ),
    fork
  }
  return desk
})

/** Functions of an embedding program, by name. */
const hookNames = Effect.gen(function* () {
  const hooks = [yield* Hooks, yield* BackendHooks]
  return hooks
    .flatMap((some) => Object.entries(some))
    .flatMap(([name, hook]) => (hook === undefined ? [] : [name]))
})

const begin = Effect.fnUntraced(function* (http: PlainHandler) {
  const config = yield* ServerConfig
  const { ip, workers: wish } = config.server
  const hooks = yield* hookNames
  if (hooks.length > 0) return yield* new HooksElsewhere({ hooks })
  const choice = chooseWorkers(wish, config.totalSize, openFileLimit(), availableParallelism())
  yield* Effect.logInfo(`${choice.count} workers: ${choice.reason}`)
  yield* readCertificate(config)
  const transport = yield* chooseTransport(config)
  const port = yield* probePort(ip, config.server.port)
  const { broadcastUnsafe } = yield* Publisher
  const { acknowledged } = yield* Receipts
  const supervisor = yield* Supervisor.make(ADDRESS, WORKER_RESTARTS, "last")
  const settings = workerSettings(config, transport)
  const addresses = new AddressLedger(config.limits.connectionsPerAddress)
  const desk = yield* makeDesk
  const roster = yield* WorkerRoster
  const events = yield* SessionEvents
  const { text: ownTokenKey } = yield* OwnTokenKey
  const slow = yield* SlowConsumers

  const slots = Array.from({ length: choice.count }, (_, i) => new WorkerSlot(`worker-${i}`))
  let isAccepting = true
  const start = Effect.fnUntraced(function* (slot: WorkerSlot) {
    const address = `${ADDRESS}/${slot.name}`
    const served = yield* Deferred.make<void, WorkerFailed>()
    const program = workerProgram({
      name: slot.name,
      config,
      assignment: {
        address,
        events: workerEventTags.filter(events.wants),
        config: settings,
        ownTokenKey,
        port,
        workers: choice.count,
        epochAtZeroMs: epochAtZero()
      },
      desk,
      roster,
      events,
      slow,
      http,
      addresses,
      acknowledged,
      publish: ({ data, isBinary }) => broadcastUnsafe(data, isBinary),
      alive: (worker) => {
        slot.alive(worker)
        if (worker === undefined) return
        if (!isAccepting) worker.send({ _tag: "StopAccepting" })
        Deferred.doneUnsafe(served, Effect.void)
      }
    })
    const actor = yield* supervisor.supervise({
      name: slot.name,
      // A crash before it has ever served is no accident: a restart would meet the same.
      program: (life) =>
        Effect.tapCause(program(life), (cause) =>
          Deferred.fail(served, new WorkerFailed({ worker: slot.name, detail: Supervisor.reasonOf(cause) }))
        ),
      probe: () => ({ mailbox: slot.worker?.depth ?? 0, connections: slot.worker?.size ?? 0 }),
      elsewhere: () => slot.actors
    })
    yield* Deferred.await(served)
    return actor
  })
  // As many at once as there are cores for: fifty that begin together would all be slow, and seem silent.
  const actors = yield* Effect.forEach(slots, start, { concurrency: 2 * availableParallelism() })

  const observe = makeObserve(slots)
  yield* (yield* ActorTree).beforeSnapshot(observe(0))
  const metrics = yield* Metrics
  yield* metrics.registerOthers(observe)
  yield* metrics.register(Effect.sync(() => slots.flatMap((slot) => slot.samples)))
  const served: Served = {
    port,
    transport,
    size: `${choice.count} workers`,
    stopAccepting: Effect.sync(() => {
      isAccepting = false
      for (const { worker } of slots) worker?.send({ _tag: "StopAccepting" })
    }),
    drain: (within) => drain(slots, actors, Duration.toMillis(within)),
    failure: supervisor.failure
  }
  return served
})

/** One worker after the other, each in its share of the time; those that do not end are killed with the scope. */
const drain = Effect.fnUntraced(function* (
  slots: ReadonlyArray<WorkerSlot>,
  actors: ReadonlyArray<Supervisor.SupervisedActor>,
  withinMs: number
) {
  const live = slots.reduce((sum, { worker }) => sum + (worker?.size ?? 0), 0)
  const totalMs = Math.min(withinMs, (live / CLOSES_PER_SECOND) * 1000)
  // Asked to stop before they are told to drain: an end that nobody had asked for would be a crash.
  const stops = yield* Effect.forEach(actors, (actor) => Effect.forkScoped(actor.stop))
  for (const { worker } of slots) {
    if (worker === undefined) continue
    const share = live === 0 ? 0 : (totalMs * worker.size) / live
    worker.send({ _tag: "Drain", withinMs: share })
    yield* Effect.sleep(share)
  }
  const grace = Duration.times(CLOSE_GRACE, 2)
  const all = yield* Effect.timeoutOption(Fiber.joinAll(stops), grace)
  if (all._tag === "None") {
    const left = slots.filter(({ worker }) => worker !== undefined).map(({ name }) => name)
    yield* Effect.logWarning(`not ended in time, killed: ${left.join(", ")}`)
  }
}, Effect.scoped)

/** Who serves, and how the server API reaches their sessions. */
export const layer = Layer.effect(
  Serving,
  Effect.gen(function* () {
    const context = yield* Effect.context<
      | ServerConfig
      | ActorTree
      | Broker
      | Emulation
      | Hub
      | Metrics
      | OwnTokenKey
      | Presence
      | Publisher
      | Receipts
      | SessionEvents
      | SlowConsumers
      | WorkerRoster
    >()
    return Serving.of({ begin: (http) => Effect.provide(begin(http), context) })
  })
).pipe(Layer.provideMerge(Layer.merge(layerControl, layerLargest)), Layer.provide(WorkerRoster.layer))
