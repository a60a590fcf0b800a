/**
 * A run of the load client: ramps up, holds, reports every ten seconds, and at the end says what it measured.
 *
 * What is measured is written down where it happens (RunMetrics, called from the sockets' callbacks); streams of snapshots feed the
 * live view and the reports.
 */
import { randomUUID } from "node:crypto"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Crew } from "./actors/Crew.ts"
import { makeLocalCrew } from "./actors/localCrew.ts"
import { makeProcessCrew } from "./actors/processCrew.ts"
import { planProcesses } from "./actors/processPlan.ts"
import { forkRampProcess } from "./client/forkRampProcess.ts"
import type { BadHistogram } from "./client/metrics/LatencyHistogram.ts"
import type { Glance } from "./client/metrics/RunMetrics.ts"
import { consoleReport } from "./client/report/consoleReport.ts"
import { hostFacts } from "./client/report/hostFacts.ts"
import {
  buildInterimReport,
  buildReport,
  type InterimReport,
  type ReportInput
} from "./client/report/Report.ts"
import { prepareReportFiles, type ReportFile, writeReportFiles } from "./client/report/reportFiles.ts"
import { summary } from "./client/report/summary.ts"
import { ReportLost, ThresholdsMissed, Unreachable } from "./client/runErrors.ts"
import { firstConnections } from "./client/scenario/Order.ts"
import { makePublisher } from "./client/scenario/Publisher.ts"
import type { Progress, Scenario, Stage } from "./client/scenario/Scenario.ts"
import { scenarioOf } from "./client/scenario/scenarios.ts"
import { broadcastDone } from "./client/scenario/stages.ts"
import { parseTarget, type ResolvedTarget, resolveTarget } from "./client/target.ts"
import type { LiveView } from "./client/view/LiveView.ts"
import { type ClientConfigValue, clientKeys } from "./config/ClientConfig.ts"
import { version } from "./config/commandLine.ts"
import { parseLocalAddresses } from "./config/localAddresses.ts"
import { printable } from "./config/resolve.ts"
import type { HostFacts } from "./protocol/report.ts"
import { ActorTree } from "./services/ActorTree.ts"
import { forkLongLived } from "./services/longLived.ts"
import { makeNow } from "./services/now.ts"
import { connectionCapacity, openFileLimit } from "./services/openFiles.ts"

/** How often the view is drawn; with many processes it is more rarely, as each has to be asked. */
const VIEW_INTERVAL = "250 millis"
const MANY_PROCESSES = 4
const VIEW_INTERVAL_OF_MANY = "1 second"
/** How often connections that ended are logged, and an unreachable server is noticed. */
const CHECK_INTERVAL = "1 second"
/** Time for all connections to close at the end. */
const STOP_TIMEOUT = "10 seconds"

interface Run {
  readonly id: string
  readonly host: HostFacts
  readonly config: ClientConfigValue
  readonly total: number
  readonly crew: Crew
  readonly view: LiveView
  readonly files: ReadonlyArray<ReportFile>
  readonly now: () => number
  readonly stage: Stage
  /** What the run does beside ramping and holding; undefined where nothing was chosen. */
  readonly scenario: Scenario | undefined
  readonly progress: () => Progress
}

/** All that was measured. Only another process can have sent a histogram that cannot be read, which is of the same program. */
const measure = (crew: Crew) =>
  Effect.flatMap(crew.snapshot, ({ snapshot, ...rest }) =>
    "kind" in snapshot ? Effect.die(new Error(snapshot.message)) : Effect.succeed({ snapshot, ...rest })
  )

/** Whether the client has publications of its own. */
const publishes = ({ publish, scenario, findMax }: ClientConfigValue): boolean =>
  publish.rate > 0 || (scenario === "find-max" && findMax.of === "rate")

/** The report as of now, made by `build`. */
const makeReport = Effect.fnUntraced(function* <R extends InterimReport>(
  { id, host, config, crew, scenario, stage }: Run,
  build: (input: ReportInput) => R | BadHistogram
) {
  const { snapshot, client, doubts, takenAt } = yield* measure(crew)
  const report = build({
    id,
    version,
    host,
    config: printable(clientKeys, config),
    thresholds: scenario?.judges === true ? {} : config.thresholds,
    startedAt: crew.startedAt() ?? takenAt,
    now: takenAt,
    snapshot,
    client,
    doubts: [...doubts, ...(scenario?.doubts?.() ?? [])],
    publications: publishes(config) ? stage.publisher.figures() : undefined,
    scenario: scenario?.outcome(snapshot)
  })
  if ("kind" in report) return yield* Effect.die(new Error(report.message))
  return report
})

/** Feeds the view, the log and the reports until the scope closes. */
const watch = Effect.fnUntraced(function* (run: Run) {
  const { config, total, view, crew } = run
  const durationMs = Duration.toMillis(config.duration)
  const show = (glance: Glance) => {
    const now = run.now()
    const elapsedMs = now - (crew.startedAt() ?? now)
    const phase = crew.phase()
    const { endsAt, at } = run.progress()
    const ends = [
      ...(durationMs === 0 ? [] : [durationMs - elapsedMs]),
      ...(endsAt === undefined ? [] : [endsAt - now])
    ]
    const leftMs = ends.length === 0 ? null : Math.max(0, Math.min(...ends))
    const shown = phase === "idle" ? "ramping" : phase === "done" ? "draining" : phase
    view.update({ phase: shown, total, elapsedMs, leftMs, at, comesBack: config.reconnect.enabled }, glance)
  }
  const every = (interval: Duration.Input) => Stream.drop(Stream.tick(interval), 1)
  const viewInterval = crew.processes > MANY_PROCESSES ? VIEW_INTERVAL_OF_MANY : VIEW_INTERVAL
  const glances = Stream.mapEffect(every(viewInterval), () => crew.look)
  const reports = Stream.mapEffect(every(config.report.interval), () => makeReport(run, buildInterimReport))
  yield* forkLongLived(
    "view",
    Stream.runForEach(glances, (glance) => Effect.sync(() => show(glance)))
  )
  yield* forkLongLived(
    "reports",
    Effect.andThen(
      crew.begun,
      Stream.runForEach(reports, (report) => Effect.sync(() => view.print(consoleReport(report))))
    )
  )
  yield* forkLongLived(
    "log",
    Stream.runForEach(every(CHECK_INTERVAL), () => logEnded(crew))
  )
})

/** Says why connections ended since it was last said. */
const logEnded = ({ ended }: Crew) =>
  Effect.suspend(() => Effect.forEach(ended.flush(), (line) => Effect.logInfo(line), { discard: true }))

/** Who has asked for the end shall know why it does not come at once. */
const sayWhatIsAwaited = (crew: Crew) =>
  Effect.suspend(() => {
    const { missing, active } = crew.glance()
    const awaited = [
      ...(missing > 0 ? [`${missing} copies of the latest broadcast`] : []),
      `${active} connections to close`
    ]
    return Effect.logInfo(
      `ending: waits for ${awaited.join(" and ")}, then writes its reports; Ctrl-C again ends it at once, without them`
    )
  })

/** Fails when connecting has failed so often that there can be no server, and never once succeeded. */
const noticeUnreachable = Effect.fnUntraced(function* ({ config, crew }: Run) {
  const enough = Math.min(config.setup.batchSize, firstConnections(config, config.total.clients))
  while (true) {
    yield* Effect.sleep(CHECK_INTERVAL)
    const { opened, errors } = crew.glance()
    if (opened > 0) return yield* Effect.never
    if (errors >= enough) {
      return yield* new Unreachable({
        uri: config.server.uri,
        detail: `${crew.ended.latest}; ${errors} attempts failed`
      })
    }
  }
})

/** Says what was measured, closes, and fails where a limit was missed or the report could not be written. */
const conclude = Effect.fnUntraced(function* (run: Run) {
  const { view, crew, files } = run
  const report = yield* makeReport(run, buildReport)
  yield* Effect.timeoutOption(crew.stop, STOP_TIMEOUT)
  yield* logEnded(crew)
  view.print(consoleReport(report))
  view.print(summary(report))
  const losses = yield* Effect.promise(() => writeReportFiles(files, report))
  if (losses.length > 0) return yield* new ReportLost({ losses })
  const missed = [
    ...report.thresholds
      .filter(({ met }) => !met)
      .map(({ name, limit, found }) => `${name} is ${found ?? "not known"}, limit ${limit}`),
    ...(report.scenario?.missed ?? [])
  ]
  if (missed.length > 0) return yield* new ThresholdsMissed({ missed })
})

const resolveUri = Effect.fnUntraced(function* ({ server: { uri }, protocol }: ClientConfigValue) {
  const target = parseTarget(uri, protocol.type === "centrifuge" ? "/connection/websocket" : "/")
  if ("kind" in target) return yield* new Unreachable({ uri, detail: target.message })
  const resolved = yield* Effect.promise(() => resolveTarget(target))
  if ("kind" in resolved) return yield* new Unreachable({ uri, detail: resolved.message })
  return resolved
})

/** The files that the run shall leave; fails where one cannot be written, before anything is measured that would be lost. */
const prepareFiles = ({ report }: ClientConfigValue) =>
  Effect.suspend(() => {
    const files = prepareReportFiles(report)
    return "kind" in files ? Effect.fail(new ReportLost(files)) : Effect.succeed(files)
  })

/** The ramps, in this process or in as many as the connections need. */
const makeCrew = Effect.fnUntraced(function* (config: ClientConfigValue, target: ResolvedTarget) {
  const openFiles = openFileLimit()
  const plan = planProcesses({
    localAddresses: parseLocalAddresses(config.local.ip) as ReadonlyArray<string>,
    clients: config.total.clients,
    batchSize: config.setup.batchSize,
    perAddress: config.setup.threadpool.size,
    capacity: connectionCapacity(openFiles)
  })
  if (plan.length === 1) return yield* makeLocalCrew({ config, target, shares: plan[0]! })
  const most = Math.max(...plan.map((shares) => shares.reduce((sum, { clients }) => sum + clients, 0)))
  yield* Effect.logInfo(
    `${plan.length} processes for the connections, ${most} in each at most (open files: ${openFiles ?? "no limit"})`
  )
  return yield* makeProcessCrew({ config, target, plan, fork: forkRampProcess })
})

/**
 * One whole run. `stopped` ends it before its duration; it is concluded all the same.
 */
export const runLoadTest = Effect.fnUntraced(function* (
  config: ClientConfigValue,
  view: LiveView,
  stopped: Effect.Effect<void>
) {
  const files = yield* prepareFiles(config)
  const target = yield* resolveUri(config)
  const now = yield* makeNow
  // Asked now: a client that has run out of files later cannot.
  const host = hostFacts()
  yield* Effect.gen(function* () {
    const crew = yield* makeCrew(config, target)
    const total =
      config.total.clients * (parseLocalAddresses(config.local.ip) as ReadonlyArray<string>).length
    const publisher = yield* makePublisher(config)
    let progress: Progress = {}
    const stage: Stage = {
      ...{ config, total, shares: crew.shares, now, publisher },
      tell: (news) => {
        progress = news
      },
      phase: crew.phase,
      look: crew.look,
      heard: crew.broadcast,
      measure: Effect.map(measure(crew), ({ snapshot }) => snapshot),
      order: crew.order
    }
    const scenario = config.scenario === undefined ? undefined : scenarioOf(config.scenario)(stage)
    const run: Run = {
      id: randomUUID(),
      host,
      config,
      total,
      crew,
      view,
      files,
      now,
      stage,
      scenario,
      progress: () => progress
    }
    const { rate } = config.publish
    const publishing = rate === 0 ? Effect.never : publisher.at(rate)
    const duration = Duration.toMillis(config.duration) === 0 ? Effect.never : Effect.sleep(config.duration)
    const lasts = Effect.andThen(crew.begun, duration)
    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        logEnded(crew),
        Effect.sync(() => view.end())
      )
    )
    yield* Effect.forkScoped(Effect.andThen(stopped, sayWhatIsAwaited(crew)))
    const whole = Effect.raceAllFirst([
      ...[lasts, stopped, crew.failure, noticeUnreachable(run)],
      Effect.andThen(crew.begun, publishing),
      Effect.andThen(crew.begun, scenario?.direct ?? Effect.never)
    ])
    // A run that fails has measured something too: it is concluded, and its failure goes before that of a limit. Nobody watches it then:
    // a report in between that comes after the last one would tell of connections that it has closed itself.
    const ended = yield* Effect.scoped(
      Effect.gen(function* () {
        yield* watch(run)
        const exit = yield* Effect.exit(whole)
        yield* publisher.finish
        if (scenario !== undefined) yield* scenario.settle
        yield* broadcastDone(stage)
        return exit
      })
    )
    const concluded = yield* Effect.exit(conclude(run))
    yield* ended
    yield* concluded
  }).pipe(Effect.scoped, Effect.provide(ActorTree.layer))
})
