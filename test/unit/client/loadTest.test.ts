import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { JOINING_MS } from "../../../src/client/metrics/Broadcasts.ts"
import type { Glance } from "../../../src/client/metrics/RunMetrics.ts"
import type { Report } from "../../../src/client/report/Report.ts"
import { LiveView, type RunState } from "../../../src/client/view/LiveView.ts"
import type { ClientConfigValue } from "../../../src/config/ClientConfig.ts"
import { runLoadTest } from "../../../src/LoadTest.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { endedFor, reportAt } from "../../support/client/programs.ts"
import { clientConfig, type Settings } from "../../support/client/ramps.ts"
import { FakeOutput } from "../../support/client/Screen.ts"
import { answering, deaf, freePort, good, UNAVAILABLE } from "../../support/client/servers.ts"
import { Heard } from "../../support/server/Heard.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

/** A view whose updates can be waited for. */
class WatchedView extends LiveView {
  readonly updates = new Heard<RunState & Glance>()

  override update(run: RunState, glance: Glance): void {
    this.updates.add({ ...run, ...glance })
    super.update(run, glance)
  }
}

const at = (port: number, settings: Settings = {}): ClientConfigValue =>
  clientConfig({
    "server.uri": `ws://127.0.0.1:${port}`,
    "local.ip": "127.0.1.1",
    "total.clients": 2,
    ...settings
  })

/** What a broadcast carries that comes a moment later: connections that have just opened are not expected to hear one. */
const stampOfNow = Effect.andThen(
  TestClock.adjust(2 * JOINING_MS),
  Effect.map(Clock.currentTimeMillis, (now) => String(now).padStart(13, "0"))
)

/** A run under way on the test's clock. */
const run = Effect.fnUntraced(function* (
  config: ClientConfigValue,
  { isTTY = false, stopped = Effect.never as Effect.Effect<void> } = {}
) {
  const output = new FakeOutput(isTTY, 100)
  const view = new WatchedView(output)
  const logs = new CapturedLogs()
  const fiber = yield* runLoadTest(config, view, stopped).pipe(
    Effect.provide(logs.layer),
    Effect.forkChild({ startImmediately: true })
  )
  /** Lets time go by in steps, and the sockets have their turn in between, until this is so. */
  const until = Effect.fnUntraced(function* (isSo: () => boolean) {
    for (let step = 0; step < 2000 && !isSo(); step++) {
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust(250)
    }
    expect(isSo()).toBe(true)
  })
  const isOver = () => fiber.pollUnsafe() !== undefined
  const exit = Effect.andThen(until(isOver), Fiber.await(fiber))
  const saw = (state: Partial<RunState & Glance>) =>
    until(() =>
      view.updates.all.some((update) =>
        Object.entries(state).every(([key, value]) => value === update[key as "total"])
      )
    )
  return { fiber, output, view, logs, until, isOver, exit, saw }
})

const messageOf = (exit: Exit.Exit<unknown, { readonly message: string }>): string =>
  Exit.isFailure(exit)
    ? exit.cause.reasons.map((reason) => "error" in reason && reason.error.message).join()
    : ""

describe("a run of the load client", () => {
  it.effect("against a port on which nobody listens says that it cannot connect", () =>
    Effect.gen(function* () {
      const { exit } = yield* run(at(yield* Effect.promise(freePort)))
      expect(messageOf(yield* exit)).toMatch(
        /^cannot connect to ws:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED.*; 2 attempts failed$/
      )
    })
  )

  it.effect("waits for a whole batch to fail before it says so", () =>
    Effect.gen(function* () {
      const settings = { "total.clients": 5, "setup.batchSize": 3, "setup.interval": "1 minute" }
      const server = yield* Effect.promise(() =>
        answering((socket, _, index) => void (index < 2 && socket.end(UNAVAILABLE)))
      )
      const { exit, saw, isOver } = yield* run(
        at(server.port, { ...settings, "setup.timeout": "20 seconds" })
      )
      yield* saw({ errors: 2 })
      yield* TestClock.adjust("5 seconds")
      expect(isOver()).toBe(false)
      expect(messageOf(yield* exit)).toContain("; 3 attempts failed")
    })
  )

  it.effect("that was let in once goes on, however many others are refused", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() =>
        answering((socket, good, index) => void (index === 0 ? socket.write(good) : socket.end(UNAVAILABLE)))
      )
      const settings = { "total.clients": 50, "setup.batchSize": 10, duration: "5 minutes" }
      const { exit, saw, output } = yield* run(at(server.port, settings))
      yield* saw({ phase: "holding", errors: 49 })
      expect(Exit.isSuccess(yield* exit)).toBe(true)
      expect(output.written).toMatch(/WebSocket Errors\n +count = 49\n/)
    })
  )

  it.effect("reports at every report.interval and at the end", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const settings = { duration: "35 seconds", "report.interval": "10 seconds" }
      const { exit, output, isOver } = yield* run(at(server.port, settings))
      const reports = () => output.written.split("-- Counters").length - 1
      yield* TestClock.adjust("9 seconds")
      expect(reports()).toBe(0)
      yield* TestClock.adjust("1 second")
      expect(reports()).toBe(1)
      yield* TestClock.adjust("24 seconds")
      expect([reports(), isOver()]).toEqual([3, false])
      yield* exit
      expect(reports()).toBe(4)
    })
  )

  it.effect("reports and draws nothing any more while it closes its connections", () =>
    Effect.gen(function* () {
      // Its connections take two seconds to close, in which a report would be due.
      const server = yield* Effect.promise(deaf)
      const settings = { duration: "5 seconds", "report.interval": "700 ms" }
      const { exit, output } = yield* run(at(server.port, settings), { isTTY: true })
      yield* exit
      const reports = output.written.split("Active WebSockets")
      expect(reports).toHaveLength(1 + Math.floor(5000 / 700) + 1)
      expect(reports.at(-1)).not.toContain(" connections · ")
    })
  )

  it.effect("that is stopped is concluded as one that came to its end", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const path = `${temporaryFolder()}/report.json`
      const stop = yield* Deferred.make<void>()
      const { exit, saw, output, logs } = yield* run(at(server.port, { "report.json": path }), {
        stopped: Deferred.await(stop)
      })
      yield* saw({ active: 2 })
      yield* Deferred.succeed(stop, undefined)
      expect(Exit.isSuccess(yield* exit)).toBe(true)
      expect(output.written).toContain("Active WebSockets")
      expect(yield* Effect.promise(() => server.ends.count(2))).toEqual([
        "1000 end of run",
        "1000 end of run"
      ])
      expect(endedFor(/^1000 end of run$/, logs.texts("Info"))).toBe(2)
      expect(reportAt(path).connections).toEqual({
        attempted: 2,
        active: 2,
        reconnects: 0,
        waiting: 0,
        closed: 0,
        closedByCode: {},
        errors: {}
      })
    })
  )

  it.effect("tells of connections that ended while it goes on, once", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { saw, logs, isOver, until } = yield* run(at(server.port))
      const ends = () => logs.texts("Info").filter((text) => text.startsWith("closed because of"))
      yield* saw({ active: 2 })
      server.sockets.all[0]!.close(1001, "so long")
      yield* until(() => ends().length > 0)
      expect(ends()).toEqual(["closed because of 1001 so long"])
      server.sockets.all[1]!.terminate()
      yield* until(() => ends().length > 1)
      expect([ends().at(-1), isOver()]).toEqual(["closed because of 1006", false])
    })
  )

  it.effect("is not concluded in the middle of a broadcast", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const path = `${temporaryFolder()}/report.json`
      const settings = { duration: "5 seconds", "report.json": path }
      const { exit, saw, isOver, view } = yield* run(at(server.port, settings))
      yield* saw({ active: 2 })
      const stamp = yield* stampOfNow
      server.sockets.all[0]!.send(stamp)
      yield* saw({ missing: 1 })
      yield* TestClock.adjust(5500 - view.updates.all.at(-1)!.elapsedMs)
      expect(isOver()).toBe(false)
      server.sockets.all[1]!.send(stamp)
      yield* exit
      expect(reportAt(path).broadcasts).toMatchObject([{ id: stamp, expected: 2, received: 2 }])
    })
  )

  it.effect("waits for a broadcast that is slow, as long as its copies keep coming", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const path = `${temporaryFolder()}/report.json`
      const settings = { "total.clients": 4, duration: "5 seconds", "report.json": path }
      const { exit, saw, isOver, view } = yield* run(at(server.port, settings))
      yield* saw({ active: 4 })
      const elapsed = () => view.updates.all.at(-1)!.elapsedMs
      const stamp = yield* stampOfNow
      for (const [i, missing] of [3, 2, 1].entries()) {
        server.sockets.all[i]!.send(stamp)
        yield* saw({ missing })
        yield* TestClock.adjust(6500 + 1500 * i - elapsed())
        expect(isOver()).toBe(false)
      }
      server.sockets.all[3]!.send(stamp)
      yield* exit
      expect(reportAt(path).broadcasts).toMatchObject([{ id: stamp, expected: 4, received: 4 }])
    })
  )

  it.effect("does not wait for more than two seconds for a copy that never comes", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const path = `${temporaryFolder()}/report.json`
      const { exit, saw } = yield* run(at(server.port, { duration: "5 seconds", "report.json": path }))
      yield* saw({ active: 2 })
      server.sockets.all[0]!.send(yield* stampOfNow)
      yield* exit
      const report: Report = reportAt(path)
      expect(report.broadcasts).toMatchObject([{ expected: 2, received: 1 }])
      expect(report.run.durationMs).toBeGreaterThanOrEqual(7000)
      expect(report.run.durationMs).toBeLessThan(7100)
    })
  )

  it.effect("whose ramp died once goes on, and its report says that it is not reliable", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const path = `${temporaryFolder()}/report.json`
      const config = at(server.port, { duration: "5 seconds", "report.json": path })
      let lives = 0
      const websocket = {
        ...config.websocket,
        get messageSize(): number {
          if (++lives === 1) throw new Error("a bug")
          return config.websocket.messageSize
        }
      }
      const { exit, saw, logs } = yield* run({ ...config, websocket })
      yield* saw({ active: 2 })
      expect(Exit.isSuccess(yield* exit)).toBe(true)
      expect(logs.texts("Warn")).toEqual(["client/ramp-127.0.1.1 crashed: a bug; restart in 1000 ms"])
      const report = reportAt(path)
      expect(report.client.rampRestarts).toBe(1)
      expect(report.unreliableBecause).toContain("1 times a ramp of the client died and was started again.")
      expect(report.reliable).toBe(false)
    })
  )

  it.effect("whose ramp dies again and again fails with the reason", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const config = at(server.port)
      const websocket = {
        ...config.websocket,
        get messageSize(): number {
          throw new Error("a bug")
        }
      }
      const { exit, logs } = yield* run({ ...config, websocket })
      expect(messageOf(yield* exit)).toBe("client/ramp-127.0.1.1 crashed again after 3 restarts: a bug")
      expect(logs.texts("Warn")).toEqual(
        [1000, 2000, 4000].map((ms) => `client/ramp-127.0.1.1 crashed: a bug; restart in ${ms} ms`)
      )
    })
  )

  it.effect("counts only its own time on the processor", () =>
    Effect.gen(function* () {
      const used = () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1000
      }
      while (used() < 500) for (let i = 0; i < 1e6; i++) Math.random()
      const server = yield* Effect.promise(good)
      const path = `${temporaryFolder()}/report.json`
      const { exit } = yield* run(at(server.port, { duration: "100 ms", "report.json": path }))
      const before = used()
      yield* exit
      const { client, run: measured } = reportAt(path)
      // 100 ms are for what the run did before the test looked.
      expect(client.cpu * measured.durationMs).toBeLessThanOrEqual(used() - before + 100)
    })
  )
})

describe("the terminal after a run", () => {
  it.effect("that ended has its cursor back", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { exit, output, saw } = yield* run(at(server.port, { duration: "5 seconds" }), { isTTY: true })
      yield* saw({ active: 2 })
      expect(output.isCursorHidden).toBe(true)
      yield* exit
      expect(output.isCursorHidden).toBe(false)
    })
  )

  it.effect("that failed has its cursor back", () =>
    Effect.gen(function* () {
      const { exit, output, saw } = yield* run(at(yield* Effect.promise(freePort)), { isTTY: true })
      yield* saw({ errors: 2 })
      yield* exit
      expect(output.isCursorHidden).toBe(false)
    })
  )
})
