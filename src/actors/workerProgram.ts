/** The program of a worker's life in the primary: starts the process, watches its heart, lets it end. */
import cluster from "node:cluster"
import { fileURLToPath } from "node:url"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ServerConfigValue } from "../config/ServerConfig.ts"
import { Hub } from "../services/Hub.ts"
import type { SlowLog } from "../services/hot/SlowLog.ts"
import { type ChildLink, startChild } from "../services/processes/ChildLink.ts"
import { ProcessIds } from "../services/processes/ProcessIds.ts"
import type { Receipts } from "../services/receipts/Receipts.ts"
import type { SessionEvents } from "../services/SessionEvents.ts"
import type { PlainHandler } from "../services/Transport.ts"
import type { AddressLedger } from "../services/workers/AddressLedger.ts"
import { AnswerDesk, type DeskEnv } from "../services/workers/AnswerDesk.ts"
import { eventsSize } from "../services/workers/EventOutbox.ts"
import { answerForwarded } from "../services/workers/forwardedHttp.ts"
import { type Assignment, FromWorker, type Outgoing, type ToWorker } from "../services/workers/messages.ts"
import { WorkerPeer } from "../services/workers/WorkerPeer.ts"
import type { WorkerRoster } from "../services/workers/WorkerRoster.ts"
import type { Life } from "./Supervisor.ts"
import { Worker } from "./Worker.ts"

/** Time for a worker to begin to serve, on a machine where fifty begin at once. */
const START_TIMEOUT = "60 seconds"

/** A worker that lives but does not answer: stopped, or stuck in a loop. */
export class WorkerSilent extends Data.TaggedError("WorkerSilent")<{ readonly afterMs: number }> {
  override get message(): string {
    return `it has not answered for ${this.afterMs} ms`
  }
}

/** What the process says of why it cannot begin. */
export class WorkerRefused extends Data.TaggedError("WorkerRefused")<{ readonly detail: string }> {
  override get message(): string {
    return this.detail
  }
}

export interface WorkerOptions {
  readonly name: string
  readonly config: ServerConfigValue
  /** What each life is told; its id is its own. */
  readonly assignment: Omit<Assignment, "node">
  /** With what its questions are answered. */
  readonly desk: DeskEnv
  readonly roster: WorkerRoster["Service"]
  /** Hear of its sessions. */
  readonly events: SessionEvents["Service"]
  /** Answers the plain HTTP that lands in it. */
  readonly http: PlainHandler
  /** Takes what its clients publish. */
  readonly publish: (publication: Outgoing) => void
  /** So many more of its connections acknowledged a receipt. */
  readonly acknowledged: Receipts["Service"]["acknowledged"]
  /** Hears of connections that take too little. */
  readonly slow: SlowLog
  /** Counts the connections of client addresses over all workers. */
  readonly addresses: AddressLedger
  /** Told when it serves, and when it does so no more. */
  readonly alive: (worker: Worker | undefined) => void
}

const ENTRY = fileURLToPath(new URL("../worker.js", import.meta.url))

/**
 * Fifty workers stand beside each other on a small machine: 69 MB resident each, where it was 78 with a large young
 * generation and an arena for each thread. The young generation can be small, as what a worker allocates lives long;
 * one malloc arena does, as it is one thread that works. Nor does the collector need helper threads, which would only
 * take turns with other workers.
 */
const LEAN_FLAGS = ["--max-semi-space-size=1", "--single-threaded-gc"]
const LEAN_ENVIRONMENT = { MALLOC_ARENA_MAX: "1" }

/**
 * A process of Node's cluster, which is what lets workers on ws accept from one socket; those on uWebSockets.js bind
 * their own to the same port.
 */
const forkWorker = () => {
  const { execArgv } = process
  // A worker is told its settings; the variables, where secrets may stand, are not for it. The cluster adds this
  // process' own to what it is given, so those that are to be left out have to be there without a value.
  const settings = Object.keys(process.env).filter((name) => name.startsWith("CLARION_"))
  const env = Object.fromEntries(settings.map((name) => [name, undefined]))
  // What accepts is the kernel: with Node's round robin, every connection would pass through the primary.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({
    exec: ENTRY,
    args: [],
    execArgv: [...LEAN_FLAGS, ...execArgv],
    serialization: "advanced"
  })
  const worker = cluster.fork({ ...LEAN_ENVIRONMENT, ...env })
  // One that cannot be started is told by its process, to the link; the cluster tells it as well, and ends this
  // process if nobody listens.
  worker.on("error", () => {})
  return worker.process
}

/**
 * Fails when the worker has not told anything since `timeout`. Counted in asks, so that a pause of this process accuses
 * nobody.
 */
const watchHeart = Effect.fnUntraced(function* (worker: Worker, config: ServerConfigValue) {
  const { interval, timeout } = config.server.heartbeat
  const asks = Math.max(1, Math.ceil(Duration.toMillis(timeout) / Duration.toMillis(interval)))
  while (worker.unanswered < asks) {
    worker.beat()
    yield* Effect.sleep(interval)
  }
  return yield* new WorkerSilent({ afterMs: Math.round(asks * Duration.toMillis(interval)) })
})

export const workerProgram = (options: WorkerOptions) =>
  Effect.fnUntraced(function* (life: Life) {
    const { name, config, http, events } = options
    const hub = yield* Hub
    const node = (yield* ProcessIds)()
    const ready = yield* Deferred.make<void>()
    const refused = yield* Deferred.make<never, WorkerRefused>()
    let link: ChildLink<ToWorker> | undefined
    const send = (message: ToWorker, left?: () => void) => link?.send(message, left)
    const worker = new Worker(name, config.limits.mailbox, send)
    const desk = new AnswerDesk(worker, node, options.desk, send)
    const peer = new WorkerPeer(name, node, send)
    const addresses = options.addresses.account()
    yield* Effect.addFinalizer(() => Effect.sync(() => addresses.close()))
    const onMessage = FromWorker.match({
      Ready: () => {
        Deferred.doneUnsafe(ready, Effect.void)
      },
      Failed: ({ message }) => {
        Deferred.doneUnsafe(refused, Effect.fail(new WorkerRefused({ detail: message })))
      },
      Connections: ({ live }) => {
        worker.size = live
      },
      Delivered: ({ deliveries }) => {
        worker.noteDelivered(deliveries)
        hub.relieved(worker)
      },
      Publish: ({ publications }) => {
        for (const publication of publications) options.publish(publication)
        const bytes = publications.reduce((sum, { data }) => sum + data.length, 0)
        send({ _tag: "Taken", count: publications.length, bytes })
      },
      Request: ({ request }) => {
        void answerForwarded(request, http).then((response) => send({ _tag: "Answer", response }))
      },
      Addresses: ({ events }) => {
        const answers: Array<{ readonly id: number; readonly hasRoom: boolean }> = []
        for (const { address, id } of events) {
          if (id === null) addresses.went(address)
          else answers.push({ id, hasRoom: addresses.came(address) })
        }
        if (answers.length > 0) send({ _tag: "Room", answers })
      },
      Ask: ({ questions }) => desk.asked(questions),
      Events: ({ events: all }) => {
        for (const event of all) events.tell(event)
        send({ _tag: "EventsTaken", count: all.length, bytes: eventsSize(all) })
      },
      Acked: ({ counts }) => {
        for (const [id, connections] of counts) options.acknowledged(id, connections)
        send({ _tag: "AckedTaken" })
      },
      EmulatedTaken: () => peer.noteTaken(),
      Node: ({ node }) => peer.noteNode(node),
      Channels: ({ counts }) => peer.noteChannels(counts),
      Largest: ({ counts }) => peer.noteLargest(counts),
      Sizes: ({ counts }) => peer.noteSizes(counts),
      Observed: (observed) => {
        worker.noteObserved(observed)
        if (observed.slow !== undefined) options.slow.add(observed.slow)
      }
    })
    link = yield* startChild<FromWorker, ToWorker>({
      fork: forkWorker,
      incoming: FromWorker,
      onMessage: (message) => {
        worker.unanswered = 0
        onMessage(message)
      }
    })
    const died = Effect.raceFirst(Effect.flatMap(link.ended, Effect.fail), Deferred.await(refused))
    // Clients may come a moment before the primary hears that it serves. Nothing is asked of it any more before its
    // process is ended.
    yield* Effect.addFinalizer(() => desk.close)
    yield* options.roster.join(peer)
    send({ _tag: "Start", assignment: { ...options.assignment, node } })
    const begun = yield* Effect.raceAllFirst([
      Effect.as(Deferred.await(ready), true),
      died,
      Effect.as(life.stopping, false)
    ]).pipe(
      Effect.timeoutOrElse({
        duration: START_TIMEOUT,
        orElse: () => new WorkerSilent({ afterMs: Duration.toMillis(START_TIMEOUT) })
      })
    )
    // Nobody is connected to one that is still starting: it is ended as it is.
    if (!begun) return
    // Released in reverse: it leaves the hub, what it owes is accounted for, and then the process is ended.
    yield* Effect.addFinalizer(() => Effect.sync(() => worker.end()))
    yield* hub.join(worker)
    peer.isServing = true
    yield* Effect.acquireRelease(
      Effect.sync(() => options.alive(worker)),
      () => Effect.sync(() => options.alive(undefined))
    )
    yield* life.started
    yield* Effect.raceAllFirst([died, watchHeart(worker, config), life.stopping]).pipe(
      Effect.tapError(() => Effect.sync(() => hub.lose(worker.size)))
    )
    // Told to end, it closes its connections in its own time and exits.
    const end = yield* link.ended
    if (end.code !== 0) return yield* end
  })
