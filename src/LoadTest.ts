/**
 * A run of the load client: ramps up, holds, reports every ten seconds, and at the end says what it measured.
 *
 * What is measured is written down where it happens (RunMetrics, called from the sockets' callbacks); streams of snapshots feed the
 * live view and the reports.
 */
import { randomUUID } from "node:crypto"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { RampSupervisor } from "./actors/RampSupervisor.ts"
import { EndedConnections } from "./client/EndedConnections.ts"
import { type Glance, RunMetrics } from "./client/metrics/RunMetrics.ts"
import { consoleReport } from "./client/report/consoleReport.ts"
import { type HostFacts, hostFacts } from "./client/report/hostFacts.ts"
import { buildReport, type Report } from "./client/report/Report.ts"
import { writeReport } from "./client/report/writeReport.ts"
import { ReportLost, ThresholdsMissed, Unreachable } from "./client/runErrors.ts"
import { parseTarget, resolveTarget } from "./client/target.ts"
import type { LiveView } from "./client/view/LiveView.ts"
import { type ClientConfigValue, clientKeys } from "./config/ClientConfig.ts"
import { version } from "./config/commandLine.ts"
import { parseLocalAddresses } from "./config/localAddresses.ts"
import { printable } from "./config/resolve.ts"
import { ActorTree } from "./services/ActorTree.ts"
import { EventLoopDelay } from "./services/EventLoopDelay.ts"
import { forkLongLived } from "./services/longLived.ts"
import { makeNow } from "./services/now.ts"

const VIEW_INTERVAL = "250 millis"
/** How often connections that ended are logged, and an unreachable server is noticed. */
const CHECK_INTERVAL = "1 second"
/** At the end, copies of a broadcast under way are waited for so long. */
const LAST_BROADCAST_MS = 2000
/** Time for all connections to close at the end. */
const STOP_TIMEOUT = "10 seconds"

interface Run {
  readonly id: string
  readonly startedAt: number
  readonly cpuAtStart: NodeJS.CpuUsage
  readonly host: HostFacts
  readonly config: ClientConfigValue
  readonly metrics: RunMetrics
  readonly ended: EndedConnections
  readonly view: LiveView
  readonly now: () => number
}

const totalOf = ({ config }: Run): number =>
  config.total.clients * (parseLocalAddresses(config.local.ip) as ReadonlyArray<string>).length

/** The report as of now. */
const makeReport = Effect.fnUntraced(function* (run: Run) {
  const ramps = yield* RampSupervisor
  const delay = yield* EventLoopDelay
  const now = run.now()
  const { user, system } = process.cpuUsage(run.cpuAtStart)
  const report = buildReport({
    id: run.id,
    version,
    host: run.host,
    config: printable(clientKeys, run.config),
    thresholds: run.config.thresholds,
    startedAt: run.startedAt,
    now,
    snapshot: run.metrics.snapshot(now),
    client: {
      loopDelayMs: delay.read(),
      cpu: (user + system) / 1000 / Math.max(1, now - run.startedAt),
      rampRestarts: ramps.restarts()
    }
  })
  // Only a histogram of another process can be unreadable, and there is none.
  if ("kind" in report) return yield* Effect.die(new Error(report.message))
  return report
})

/** Feeds the view, the log and the reports until the scope closes. */
const watch = Effect.fnUntraced(function* (run: Run) {
  const { config, view, metrics, ended } = run
  const ramps = yield* RampSupervisor
  const durationMs = Duration.toMillis(config.duration)
  const total = totalOf(run)
  const show = (glance: Glance) => {
    const elapsedMs = run.now() - run.startedAt
    const phase = ramps.phase()
    const leftMs = durationMs === 0 ? null : Math.max(0, durationMs - elapsedMs)
    const shown = phase === "idle" ? "ramping" : phase === "done" ? "draining" : phase
    view.update({ phase: shown, total, elapsedMs, leftMs }, glance)
  }
  const every = (interval: Duration.Input) => Stream.drop(Stream.tick(interval), 1)
  const glances = Stream.map(every(VIEW_INTERVAL), () => metrics.glance())
  const reports = Stream.mapEffect(every(config.report.interval), () => makeReport(run))
  yield* forkLongLived(
    "view",
    Stream.runForEach(glances, (glance) => Effect.sync(() => show(glance)))
  )
  yield* forkLongLived(
    "reports",
    Stream.runForEach(reports, (report) => Effect.sync(() => view.print(consoleReport(report))))
  )
  yield* forkLongLived(
    "log",
    Stream.runForEach(every(CHECK_INTERVAL), () => logEnded(ended))
  )
})

/** Says why connections ended since it was last said. */
const logEnded = (ended: EndedConnections) =>
  Effect.suspend(() => Effect.forEach(ended.flush(), (line) => Effect.logInfo(line), { discard: true }))

/** Fails when connecting has failed so often that there can be no server, and never once succeeded. */
const noticeUnreachable = Effect.fnUntraced(function* ({ config, metrics, ended }: Run) {
  const enough = Math.min(config.setup.batchSize, config.total.clients)
  while (true) {
    yield* Effect.sleep(CHECK_INTERVAL)
    const { opened, errors } = metrics.glance()
    if (opened > 0) return yield* Effect.never
    if (errors >= enough) {
      return yield* new Unreachable({
        uri: config.server.uri,
        detail: `${ended.latest}; ${errors} attempts failed`
      })
    }
  }
})

/** Waits until the latest broadcast has reached everyone, but not for long: the run must not end in the middle of it. */
const awaitLastBroadcast = Effect.fnUntraced(function* ({ metrics, now }: Run) {
  const until = now() + LAST_BROADCAST_MS
  while (metrics.glance().missing > 0 && now() < until) yield* Effect.sleep("20 millis")
})

/** Says what was measured, closes, and fails where a limit was missed or the report could not be written. */
const conclude = Effect.fnUntraced(function* (run: Run) {
  const { config, view } = run
  const ramps = yield* RampSupervisor
  yield* awaitLastBroadcast(run)
  const report = yield* makeReport(run)
  yield* Effect.timeoutOption(ramps.stop, STOP_TIMEOUT)
  yield* logEnded(run.ended)
  view.print(consoleReport(report))
  view.print(summary(report))
  const path = config.report.json
  if (path !== undefined) {
    const lost = yield* Effect.promise(() => writeReport(path, report))
    if (lost !== undefined) return yield* new ReportLost({ path, detail: lost.message })
  }
  const missed = report.thresholds.filter(({ met }) => !met)
  if (missed.length > 0) {
    return yield* new ThresholdsMissed({
      missed: missed.map(({ name, limit, found }) => `${name} is ${found ?? "not known"}, limit ${limit}`)
    })
  }
})

/** The lines below the last report: deliveries, and whether the figures can be relied on. */
const summary = ({ broadcasts, thresholds, unreliableBecause }: Report): string =>
  [
    ...broadcasts.map(
      ({ id, expected, received, firstMs, lastMs }) =>
        `broadcast ${id}: ${received} of ${expected}, first after ${firstMs.toFixed(1)} ms, last after ${lastMs.toFixed(1)} ms`
    ),
    ...thresholds.map(
      ({ name, limit, found, met }) =>
        `threshold ${name}: ${found ?? "not known"}, limit ${limit}: ${met ? "met" : "MISSED"}`
    ),
    ...unreliableBecause.map((reason) => `unreliable: ${reason}`)
  ].join("\n")

const resolveUri = Effect.fnUntraced(function* (uri: string) {
  const target = parseTarget(uri)
  if ("kind" in target) return yield* new Unreachable({ uri, detail: target.message })
  const resolved = yield* Effect.promise(() => resolveTarget(target))
  if ("kind" in resolved) return yield* new Unreachable({ uri, detail: resolved.message })
  return resolved
})

/**
 * One whole run. `stopped` ends it before its duration; it is concluded all the same.
 */
export const runLoadTest = Effect.fnUntraced(function* (
  config: ClientConfigValue,
  view: LiveView,
  stopped: Effect.Effect<void>
) {
  const target = yield* resolveUri(config.server.uri)
  const now = yield* makeNow
  const startedAt = now()
  const run: Run = {
    id: randomUUID(),
    startedAt,
    cpuAtStart: process.cpuUsage(),
    // Asked now: a client that has run out of files later cannot.
    host: hostFacts(),
    config,
    metrics: new RunMetrics(startedAt),
    ended: new EndedConnections(),
    view,
    now
  }
  const localAddresses = parseLocalAddresses(config.local.ip) as ReadonlyArray<string>
  const services = RampSupervisor.layer({
    config,
    shares: localAddresses.map((localAddress) => ({
      localAddress,
      clients: config.total.clients,
      batchSize: config.setup.batchSize
    })),
    target,
    metrics: run.metrics,
    ended: run.ended
  })
  const lasts = Duration.toMillis(config.duration) === 0 ? Effect.never : Effect.sleep(config.duration)
  yield* Effect.gen(function* () {
    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        logEnded(run.ended),
        Effect.sync(() => view.end())
      )
    )
    yield* watch(run)
    const { failure } = yield* RampSupervisor
    // A run that fails has measured something too: it is concluded, and its failure goes before that of a limit.
    const ended = yield* Effect.exit(Effect.raceAllFirst([lasts, stopped, failure, noticeUnreachable(run)]))
    const concluded = yield* Effect.exit(conclude(run))
    yield* ended
    yield* concluded
  }).pipe(
    Effect.scoped,
    Effect.provide(
      services.pipe(Layer.provideMerge(Layer.mergeAll(ActorTree.layer, EventLoopDelay.layerWhole)))
    )
  )
})
