/**
 * All ramps in child processes, which this process starts, watches, and asks for their figures: one question of a kind at a time to each,
 * and none that they would feel.
 */
import type { ChildProcess } from "node:child_process"
import { availableParallelism } from "node:os"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Semaphore from "effect/Semaphore"
import { EndedConnections } from "../client/EndedConnections.ts"
import { worstLoad } from "../client/processLoad.ts"
import type { ProcessNews } from "../client/processMessages.ts"
import type { RampShare } from "../client/RampSockets.ts"
import type { ResolvedTarget } from "../client/target.ts"
import { type ClientConfigValue, clientKeys } from "../config/ClientConfig.ts"
import { transferable } from "../config/resolve.ts"
import { RESOLUTION_MS } from "../services/EventLoopDelay.ts"
import { epochAtZero, makeNow } from "../services/now.ts"
import type { Crew, CrewSnapshot } from "./Crew.ts"
import { CrewFigures } from "./crewFigures.ts"
import { RampProcess } from "./RampProcess.ts"
import { leastAdvanced, RAMP_RESTARTS } from "./RampSupervisor.ts"
import * as Supervisor from "./Supervisor.ts"

/** Where the crew stands in the actor tree. */
const ROOT = "client"
/** Processes being started at a time, for each core: more would only wait for each other. */
const STARTS_PER_CORE = 2
/** Time for a process to say how it is; between two slices of a broadcast it answers within milliseconds. */
const LOOK_TIMEOUT_MS = 1000
/** Time for a process to tell all that it measured. */
const MEASURE_TIMEOUT_MS = 5000
export interface ProcessCrewOptions {
  readonly config: ClientConfigValue
  readonly target: ResolvedTarget
  /** The shares of each process. */
  readonly plan: ReadonlyArray<ReadonlyArray<RampShare>>
  /** Starts a process. Its name is for who looks at the machine's list of processes. */
  readonly fork: (name: string) => ChildProcess
}

/** Returns while the processes are still being started; they end with the scope. */
export const makeProcessCrew = Effect.fnUntraced(function* (options: ProcessCrewOptions) {
  const now = yield* makeNow
  const run = yield* FiberSet.makeRuntime<never>()
  const begun = yield* Deferred.make<number>()
  let startedAt: number | undefined
  const ended = new EndedConnections()
  const onNews = (name: string, news: ProcessNews) => {
    for (const [reason, count] of news.ended) ended.add(reason, news.latestEnd, count)
    for (const { level, text } of news.log)
      run(Effect.annotateLogs(Effect.logWithLevel(level)(text), { process: name }))
  }
  const { processes, actors, failure } = yield* startAll(options, Deferred.await(begun), onNews)
  const whenReady = Effect.gen(function* () {
    for (const { ready } of processes) yield* Deferred.await(ready)
    const addresses = new Set(options.plan.flat().map(({ localAddress }) => localAddress))
    for (const address of addresses) yield* Effect.logInfo(`start IP: ${address}`)
    startedAt = now()
    yield* Deferred.succeed(begun, startedAt)
  })
  run(whenReady)
  // All at a time: the kernel takes a while for the sockets of each, and those that follow would wait for it.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { kill } of processes) kill()
    })
  )
  const figures = new CrewFigures(processes)
  const restarts = () =>
    actors.reduce((sum, actor) => sum + actor.restarts(), 0) +
    processes.reduce((sum, { rampRestarts }) => sum + rampRestarts, 0)
  const measured = Effect.gen(function* () {
    const { askedAt, answeredAt: takenAt, silent } = yield* figures.measure(now, MEASURE_TIMEOUT_MS)
    const loads = processes.map(({ load }) => load).filter((load) => load !== undefined)
    const snapshot: CrewSnapshot = {
      takenAt,
      snapshot: figures.sum(askedAt, takenAt, startedAt ?? takenAt),
      client: { processes: processes.length, rampRestarts: restarts(), ...worstLoad(loads) },
      doubts: silent.map(inDoubt)
    }
    return snapshot
  })

  const crew: Crew = {
    processes: processes.length,
    shares: options.plan.flat().map(({ clients }) => clients),
    startedAt: () => startedAt,
    begun: Effect.asVoid(Deferred.await(begun)),
    phase: () => leastAdvanced(processes.map(({ phase }) => phase)),
    glance: () => figures.glance(),
    broadcast: () => figures.broadcast,
    look: Effect.gen(function* () {
      yield* figures.look(LOOK_TIMEOUT_MS)
      if (figures.isDue(now())) run(measured)
      return figures.glance()
    }),
    snapshot: measured,
    ended,
    order: (order) =>
      Effect.sync(() => {
        for (const process of processes) process.order(order)
      }),
    stop: Effect.forEach(actors, (actor) => actor.stop, { concurrency: "unbounded", discard: true }),
    failure
  }
  return crew
})

/** Each process as a supervised actor. */
const startAll = Effect.fnUntraced(function* (
  { config, target, plan, fork }: ProcessCrewOptions,
  begin: Effect.Effect<number>,
  onNews: (name: string, news: ProcessNews) => void
) {
  const now = yield* makeNow
  const supervisor = yield* Supervisor.make(ROOT, RAMP_RESTARTS)
  const calm = yield* Semaphore.make(STARTS_PER_CORE * availableParallelism())
  const common = {
    config: transferable(clientKeys, config),
    target,
    epochAtZeroMs: epochAtZero(),
    // Every sample wakes a process up: all together sample as often as one on each core would.
    delayResolution: RESOLUTION_MS * Math.max(1, Math.ceil(plan.length / availableParallelism()))
  }
  const processes = plan.map((shares, i) => {
    const name = `process-${i}`
    const address = `${ROOT}/${name}`
    return new RampProcess({
      name,
      address,
      fork: () => fork(name),
      prepare: { _tag: "Prepare", ...common, shares, address },
      whenCalm: (start) => calm.withPermit(start),
      begin,
      now,
      onNews: (news) => onNews(name, news)
    })
  })
  const actors = yield* Effect.forEach(processes, ({ name, program, probe, ramps }) =>
    supervisor.supervise({ name, program, probe, elsewhere: ramps })
  )
  return { processes, actors, failure: supervisor.failure }
})

const inDoubt = ({ name, silentMs }: RampProcess): string =>
  `${name} of the client did not answer within ${MEASURE_TIMEOUT_MS / 1000} s: its figures are ${(silentMs / 1000).toFixed(1)} s old.`
