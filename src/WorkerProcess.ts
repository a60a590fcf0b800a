/**
 * What a worker process is: shards that share the server's port with other workers, and a link to the primary.
 *
 * It begins when the primary says what to serve, and ends when the primary says so or is gone: its connections are closed with 1012
 * first. It has no API, no key and no timer of its own.
 */
import { availableParallelism } from "node:os"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Share, serveHere } from "./actors/LocalServing.ts"
import { ShardSupervisor } from "./actors/ShardSupervisor.ts"
import { ServerConfig, type ServerConfigValue, serverConfig } from "./config/ServerConfig.ts"
import { ActorTree, OwnAddress } from "./services/ActorTree.ts"
import { ClientPublications } from "./services/ClientPublications.ts"
import { EventLoopDelay, RESOLUTION_MS } from "./services/EventLoopDelay.ts"
import { Hub } from "./services/Hub.ts"
import * as Logs from "./services/Logs.ts"
import { Metrics } from "./services/Metrics.ts"
import { EpochAtZero } from "./services/now.ts"
import { linkToParent, type ParentLink } from "./services/processes/ParentLink.ts"
import * as ProcessMetrics from "./services/processMetrics.ts"
import { Sessions } from "./services/sessions/Sessions.ts"
import { layerTransport } from "./services/transportLayer.ts"
import { AddressAsker } from "./services/workers/AddressAsker.ts"
import { ClientOutbox } from "./services/workers/ClientOutbox.ts"
import { Forwarder } from "./services/workers/forwardedHttp.ts"
import { publishHere } from "./services/workers/inbound.ts"
import { type Assignment, type FromWorker, ToWorker } from "./services/workers/messages.ts"

/** When the primary is told, after a change, how many connections there are now. */
const TELL_DELAY = "200 millis"

type Send = (message: FromWorker) => void
type Handle = (message: ToWorker) => void

/** Serves, and gives what is done with each message of the primary. */
const serve = Effect.fnUntraced(function* (assignment: Assignment, send: Send, outbox: ClientOutbox) {
  const hub = yield* Hub
  const tree = yield* ActorTree
  const metrics = yield* Metrics
  const forwarder = new Forwarder((request) => send({ _tag: "Request", request }))
  const publish = publishHere(hub, send)
  const { limits } = yield* ServerConfig
  const addresses = new AddressAsker(limits.pendingHandshakes, send)
  const share: Share = { port: assignment.port, workers: assignment.workers, addresses }
  const { served, intake } = yield* serveHere(forwarder.handle, share)
  yield* metrics.register(
    Effect.sync(() => [
      {
        type: "counter",
        name: "clarion_client_publications_dropped_total",
        help: "Publications of clients that found too many on the way to the primary",
        value: outbox.dropped
      }
    ])
  )

  const observe = Effect.gen(function* () {
    const actors = yield* tree.below(assignment.address)
    send({ _tag: "Observed", live: intake.counters.live, samples: yield* metrics.samples, actors })
  })
  const drained = yield* Deferred.make<number>()
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  let isTelling = false
  const tell = Effect.sync(() => {
    isTelling = false
    send({ _tag: "Connections", live: intake.counters.live })
  })
  intake.onChange = () => {
    if (isTelling) return
    isTelling = true
    fork(Effect.andThen(Effect.sleep(TELL_DELAY), tell))
  }
  const handle = ToWorker.match({
    Start: () => {},
    Publish: ({ publications }) => publish(publications),
    Taken: ({ count, bytes }) => outbox.taken(count, bytes),
    Observe: () => void fork(observe),
    Answer: ({ response }) => forwarder.answered(response),
    Room: ({ answers }) => addresses.decided(answers),
    StopAccepting: () => void fork(served.stopAccepting),
    Drain: ({ withinMs }) => void Deferred.doneUnsafe(drained, Effect.succeed(withinMs))
  })
  return { served, handle, drained: Deferred.await(drained) }
})

/** Every sample wakes the process up: many processes on few cores sample as often as one on each core would. */
const loopResolution = (workers: number): number =>
  RESOLUTION_MS * Math.max(1, Math.ceil(workers / availableParallelism()))

/** All that serving needs. */
const layer = (config: ServerConfigValue, { address, workers }: Assignment, outbox: ClientOutbox) =>
  ShardSupervisor.layer.pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        Hub.layer,
        layerTransport,
        Sessions.layerNone,
        ProcessMetrics.layer({ process: address.slice(address.lastIndexOf("/") + 1) }),
        Layer.succeed(ClientPublications, { publish: outbox.publish })
      )
    ),
    Layer.provideMerge(
      Layer.mergeAll(ActorTree.layer, Metrics.layer, EventLoopDelay.layerWindow(loopResolution(workers)))
    ),
    Layer.provideMerge(Layer.succeed(ServerConfig, config))
  )

/** From the start to the end of one assignment. */
const work = Effect.fnUntraced(function* (
  assignment: Assignment,
  link: ParentLink<FromWorker>,
  handleBy: (handle: Handle) => void
) {
  const config = yield* Effect.fromResult(serverConfig(assignment.config as object))
  const outbox = new ClientOutbox(link.send)
  const live = Effect.gen(function* () {
    const { served, handle, drained } = yield* serve(assignment, link.send, outbox)
    handleBy(handle)
    link.send({ _tag: "Ready", transport: served.transport })
    const orphaned = Effect.as(
      Effect.andThen(link.gone, Effect.logWarning("the primary is gone: closing all connections")),
      undefined
    )
    const withinMs = yield* Effect.raceAllFirst([drained, orphaned, served.failure])
    yield* served.stopAccepting
    yield* served.drain(withinMs === undefined ? config.shutdown.timeout : Duration.millis(withinMs))
  })
  yield* live.pipe(
    Effect.scoped,
    Effect.provide(layer(config, assignment, outbox)),
    Effect.provideService(OwnAddress, assignment.address),
    Effect.provideService(EpochAtZero, assignment.epochAtZeroMs),
    Effect.annotateLogs({ worker: assignment.address.slice(assignment.address.lastIndexOf("/") + 1) }),
    Effect.provide(Logs.layer(config.log))
  )
})

/** A whole worker process. Fails where it cannot serve; the primary has been told then. */
export const workerProcess = Effect.gen(function* () {
  const started = yield* Deferred.make<Assignment>()
  let handle: Handle = (message) => {
    if (message._tag === "Start") Deferred.doneUnsafe(started, Effect.succeed(message.assignment))
  }
  const link = yield* linkToParent<ToWorker, FromWorker>(ToWorker, (message) => handle(message))
  const assignment = yield* Effect.raceFirst(Deferred.await(started), Effect.as(link.gone, undefined))
  if (assignment === undefined) return
  yield* work(assignment, link, (by) => {
    handle = by
  }).pipe(Effect.tapError(({ message }) => link.flush({ _tag: "Failed", message })))
})
