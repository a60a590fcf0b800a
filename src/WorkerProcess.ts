/**
 * What a worker process is: shards that share the server's port with other workers, and a link to the primary.
 *
 * It begins when the primary says what to serve, and ends when the primary says so or is gone: its connections are
 * closed with 1012 first. It has client sessions, which verify tokens and ask the application's backend by themselves;
 * broker and presence are in the primary, and so are the API and its key.
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
import { layerTokens, OwnTokenKey } from "./services/admin/ownTokens.ts"
import { layerBackend } from "./services/backend/backendLayer.ts"
import { ClientPublications } from "./services/ClientPublications.ts"
import { Channels } from "./services/channels/Channels.ts"
import { EventLoopDelay, RESOLUTION_MS } from "./services/EventLoopDelay.ts"
import { Hub } from "./services/Hub.ts"
import { makeLargestHere, subscribersOf } from "./services/LargestChannels.ts"
import * as Logs from "./services/Logs.ts"
import { Metrics, type Sample } from "./services/Metrics.ts"
import { EpochAtZero } from "./services/now.ts"
import { linkToParent, type ParentLink } from "./services/processes/ParentLink.ts"
import * as ProcessMetrics from "./services/processMetrics.ts"
import { Acknowledgements, layerAcknowledgements } from "./services/receipts/AckDesk.ts"
import { SessionEvents } from "./services/SessionEvents.ts"
import { SlowConsumers } from "./services/SlowConsumers.ts"
import { Node, Sessions } from "./services/sessions/Sessions.ts"
import { layerTransport } from "./services/transportLayer.ts"
import { AckOutbox } from "./services/workers/AckOutbox.ts"
import { AddressAsker } from "./services/workers/AddressAsker.ts"
import { ClientOutbox } from "./services/workers/ClientOutbox.ts"
import { EventOutbox } from "./services/workers/EventOutbox.ts"
import { Forwarder } from "./services/workers/forwardedHttp.ts"
import { publishHere } from "./services/workers/inbound.ts"
import { type Assignment, type FromWorker, ToWorker } from "./services/workers/messages.ts"
import { makePrimaryAsker, type PrimaryAsker } from "./services/workers/PrimaryAsker.ts"
import * as RemoteBroker from "./services/workers/RemoteBroker.ts"
import * as RemotePresence from "./services/workers/RemotePresence.ts"
import * as RemoteEmulation from "./services/workers/remoteEmulation.ts"

/** When the primary is told, after a change, how many connections there are now. */
const TELL_DELAY = "200 millis"
/** Time for the primary to take the last events of sessions. */
const TELL_TIMEOUT = "1 second"

type Send = (message: FromWorker) => void
type Handle = (message: ToWorker) => void

/** What of the primary's services is asked for and told from here. */
interface Line {
  readonly send: Send
  readonly asker: PrimaryAsker
  readonly publications: ClientOutbox
  readonly events: EventOutbox
}

/** Serves, and gives what is done with each message of the primary. */
const serve = Effect.fnUntraced(function* (assignment: Assignment, line: Line) {
  const { send, asker, publications, events } = line
  const hub = yield* Hub
  const tree = yield* ActorTree
  const metrics = yield* Metrics
  const forwarder = new Forwarder((request) => send({ _tag: "Request", request }))
  const acks = yield* Acknowledgements
  const publish = publishHere(hub, send, acks)
  const { limits } = yield* ServerConfig
  const sessions = yield* Sessions
  const largest = yield* makeLargestHere
  const addresses = new AddressAsker(limits.pendingHandshakes, send)
  const share: Share = { port: assignment.port, workers: assignment.workers, addresses }
  const { served, intake } = yield* serveHere(forwarder.handle, share)
  yield* metrics.register(Effect.sync(() => lineSamples(line)))

  const observe = Effect.gen(function* () {
    const actors = yield* tree.below(assignment.address)
    const news = intake.slow.takeNews()
    const { live } = intake.counters
    const observed = { live, samples: yield* metrics.known, actors }
    send({ _tag: "Observed", ...observed, ...(news === undefined ? {} : { slow: news }) })
  })
  const drained = yield* Deferred.make<number>()
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const acked = new AckOutbox(send, (tell, ms) => fork(Effect.andThen(Effect.sleep(ms), Effect.sync(tell))))
  if (acks !== undefined) acks.onCounted = acked.add
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
    Publish: (message) => publish(message.publications),
    Taken: ({ count, bytes }) => publications.taken(count, bytes),
    Observe: () => void fork(observe),
    Answer: ({ response }) => forwarder.answered(response),
    Room: ({ answers }) => addresses.decided(answers),
    Answered: ({ answers }) => asker.answered(answers),
    Control: ({ commands }) => {
      for (const command of commands) sessions.apply(command)
    },
    Emulated: ({ frames }) => {
      for (const { session, data } of frames) sessions.emulate(session, data)
      send({ _tag: "EmulatedTaken" })
    },
    EventsTaken: ({ count, bytes }) => events.taken(count, bytes),
    AckedTaken: () => acked.taken(),
    TellNode: () => send({ _tag: "Node", node: sessions.info() }),
    TellChannels: () => send({ _tag: "Channels", counts: [...sessions.channelCounts()] }),
    TellLargest: ({ limit }) =>
      void fork(Effect.map(largest(limit), (counts) => send({ _tag: "Largest", counts }))),
    TellSizes: ({ channels }) =>
      send({ _tag: "Sizes", counts: channels.map((channel) => [channel, subscribersOf(hub, channel)]) }),
    StopAccepting: () => void fork(served.stopAccepting),
    Drain: ({ withinMs }) => void Deferred.doneUnsafe(drained, Effect.succeed(withinMs))
  })
  return { served, handle, drained: Deferred.await(drained) }
})

/** What found too much on the way to the primary. */
const lineSamples = ({ publications, events }: Line): ReadonlyArray<Sample> => [
  {
    type: "counter",
    name: "clarion_client_publications_dropped_total",
    help: "Publications of clients that found too many on the way to the primary",
    value: publications.dropped
  },
  {
    type: "counter",
    name: "clarion_session_events_dropped_total",
    help: "Events of sessions that found too many on the way to the primary",
    value: events.dropped
  }
]

/** Every sample wakes the process up: many processes on few cores sample as often as one on each core would. */
const loopResolution = (workers: number): number =>
  RESOLUTION_MS * Math.max(1, Math.ceil(workers / availableParallelism()))

/** All that serving needs. */
const layer = (
  config: ServerConfigValue,
  { address, node, ownTokenKey, workers }: Assignment,
  { asker, publications, events }: Line
) => {
  const name = nameOf(address)
  return ShardSupervisor.layer.pipe(
    Layer.provideMerge(Sessions.layer),
    Layer.provideMerge(
      Layer.mergeAll(
        RemoteBroker.layer(asker),
        RemotePresence.layer(asker),
        RemoteEmulation.layer(asker),
        Channels.layer,
        Layer.provide(layerTokens, Layer.succeed(OwnTokenKey, { text: ownTokenKey })),
        layerBackend,
        Hub.layer,
        layerTransport,
        ProcessMetrics.layer({ process: name }),
        SlowConsumers.layer(name),
        layerAcknowledgements(true),
        Layer.succeed(SessionEvents, events.service),
        Layer.succeed(ClientPublications, { publish: publications.publish }),
        Layer.succeed(Node, { uid: node, name })
      )
    ),
    Layer.provideMerge(
      Layer.mergeAll(ActorTree.layer, Metrics.layer, EventLoopDelay.layerWindow(loopResolution(workers)))
    ),
    Layer.provideMerge(Layer.succeed(ServerConfig, config))
  )
}

/** "worker-0" of "primary/workers/worker-0". */
const nameOf = (address: string): string => address.slice(address.lastIndexOf("/") + 1)

const makeLine = Effect.fnUntraced(function* (
  { events }: Assignment,
  { send, gone }: ParentLink<FromWorker>
) {
  const asker = yield* makePrimaryAsker(send)
  yield* Effect.forkScoped(
    Effect.andThen(
      gone,
      Effect.sync(() => asker.lose("the primary is gone"))
    )
  )
  const line: Line = {
    send,
    asker,
    publications: new ClientOutbox(send),
    events: new EventOutbox(new Set(events), send)
  }
  return line
})

/** From the start to the end of one assignment. */
const work = Effect.fnUntraced(function* (
  assignment: Assignment,
  link: ParentLink<FromWorker>,
  handleBy: (handle: Handle) => void
) {
  const config = yield* Effect.fromResult(serverConfig(assignment.config as object))
  const line = yield* makeLine(assignment, link)
  const live = Effect.gen(function* () {
    const { served, handle, drained } = yield* serve(assignment, line)
    handleBy(handle)
    link.send({ _tag: "Ready", transport: served.transport })
    const orphaned = Effect.as(
      Effect.andThen(link.gone, Effect.logWarning("the primary is gone: closing all connections")),
      undefined
    )
    const withinMs = yield* Effect.raceAllFirst([drained, orphaned, served.failure])
    yield* served.stopAccepting
    yield* served.drain(withinMs === undefined ? config.shutdown.timeout : Duration.millis(withinMs))
    // What ended last is told, too.
    yield* Effect.timeoutOption(Effect.raceFirst(line.events.settled, link.gone), TELL_TIMEOUT)
  })
  yield* live.pipe(
    Effect.scoped,
    Effect.provide(layer(config, assignment, line)),
    Effect.provideService(OwnAddress, assignment.address),
    Effect.provideService(EpochAtZero, assignment.epochAtZeroMs),
    Effect.annotateLogs({ worker: nameOf(assignment.address) }),
    Effect.provide(Logs.layer(config.log))
  )
}, Effect.scoped)

/** A whole worker process. Fails where it cannot serve; the primary has been told then. */
export const workerProcess = Effect.gen(function* () {
  const started = yield* Deferred.make<Assignment>()
  // What comes before the process is ready for it waits: clients may be here already, and have asked something.
  let early: Array<ToWorker> = []
  let handle: Handle = (message) => {
    if (message._tag === "Start") Deferred.doneUnsafe(started, Effect.succeed(message.assignment))
    else early.push(message)
  }
  const link = yield* linkToParent<ToWorker, FromWorker>(ToWorker, (message) => handle(message))
  const assignment = yield* Effect.raceFirst(Deferred.await(started), Effect.as(link.gone, undefined))
  if (assignment === undefined) return
  yield* work(assignment, link, (by) => {
    handle = by
    for (const message of early) by(message)
    early = []
  }).pipe(Effect.tapError(({ message }) => link.flush({ _tag: "Failed", message })))
})
