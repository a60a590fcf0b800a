import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { Run } from "../../../src/services/schedules/Schedule.ts"
import { ScheduleConflict } from "../../../src/services/schedules/Scheduler.ts"
import { until as untilLeads } from "../../support/cluster/leadership.ts"
import { type NatsServer, noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import {
  duesOf,
  Ledger,
  type ScheduleNode,
  startScheduleNode
} from "../../support/schedules/scheduleNodes.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

/** Looks again with every change of the store of a node, and every 20 ms for what is not in it; a test's time limit is the bound. */
const until = (isSo: () => Effect.Effect<boolean, unknown>): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (!(yield* Effect.orDie(isSo()))) yield* Effect.sleep(20)
  })

const startNodesOn = Effect.fnUntraced(function* (count: number, servers: ReadonlyArray<NatsServer>) {
  const ledger = new Ledger()
  const nodes: Array<ScheduleNode> = []
  for (let at = 0; at < count; at++) nodes.push(yield* startScheduleNode(servers, `node-${at}`, ledger))
  yield* untilLeads(nodes[0]!.leadership, true)
  return { ledger, nodes, leader: nodes[0]!, others: nodes.slice(1) }
})

const startNodes = (count: number) => Effect.flatMap(startNats(), (server) => startNodesOn(count, [server]))

const message = { channels: ["news"], data: Buffer.from('"hello"') }

const runsOf = (node: ScheduleNode, id: string) =>
  Effect.map(node.store.runs(id, { limit: 1000 }), ({ items }): ReadonlyArray<Run> => [...items].reverse())

const TIMEOUT = { timeout: 120_000 }

describe.skipIf(noNatsServer !== undefined)(`schedules over nodes ${noNatsServer ?? ""}`, () => {
  it("what one node creates all nodes have, and the leader fires", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { ledger, leader, others } = yield* startNodes(3)
        const { scheduler } = others[0]!
        // Read by the node that wrote it, at once.
        const later = yield* scheduler.create({ ...message, delay: "1 hour" })
        expect(yield* scheduler.get(later.schedule.id)).toMatchObject({ state: "scheduled" })
        const { schedule } = yield* scheduler.create({ ...message, delay: 300 })
        for (const node of [leader, ...others])
          yield* until(() => Effect.map(node.store.get(schedule.id), (found) => found?.state === "completed"))
        expect(ledger.attempts).toMatchObject([{ node: leader.name, channel: "news" }])
        for (const node of [leader, ...others])
          expect(yield* runsOf(node, schedule.id)).toMatchObject([{ outcome: "sent", number: 1 }])
      })
    )
  )

  it("of several nodes that change the same at once one is first, and the others are told", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { nodes } = yield* startNodes(3)
        const request = { ...message, id: "same", delay: "1 hour" }
        const created = yield* Effect.forEach(nodes, ({ scheduler }) => scheduler.create(request), {
          concurrency: "unbounded"
        })
        expect(created.filter(({ isNew }) => isNew)).toHaveLength(1)
        const changed = yield* Effect.forEach(
          nodes,
          ({ scheduler }, at) => Effect.result(scheduler.update("same", { revision: 1, about: `${at}` })),
          { concurrency: "unbounded" }
        )
        expect(changed.filter(Result.isSuccess)).toHaveLength(1)
        for (const failure of changed.filter(Result.isFailure))
          expect(failure.failure).toBeInstanceOf(ScheduleConflict)
        // Changes that do not say of what revision they are come one after the other.
        yield* Effect.forEach(
          nodes,
          ({ scheduler }, at) =>
            Effect.forEach([1, 2, 3, 4], (count) => scheduler.update("same", { about: `${at} ${count}` })),
          { concurrency: "unbounded" }
        )
        for (const { scheduler } of nodes)
          yield* until(() => Effect.map(scheduler.get("same"), ({ revision }) => revision === 14))
      })
    )
  )

  it("a pause on one node waits for the run of another, and nothing is sent behind its answer", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { ledger, leader, others } = yield* startNodes(2)
        const [gate, isSending] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        leader.hooks.beforePublish = Effect.andThen(
          Deferred.succeed(isSending, undefined),
          Deferred.await(gate)
        )
        const other = others[0]!
        const { schedule } = yield* other.scheduler.create({ ...message, every: 200 })
        yield* Deferred.await(isSending)
        yield* until(() => Effect.sync(() => other.store.others.areRunning(schedule.id)))
        let isPaused = false
        const pausing = yield* Effect.forkChild(
          Effect.tap(other.scheduler.pause(schedule.id), () => Effect.sync(() => (isPaused = true)))
        )
        // Whatever does not wait is answered.
        for (let count = 0; count < 5; count++) yield* other.scheduler.create({ ...message, delay: "1 hour" })
        expect(isPaused).toBe(false)
        yield* Deferred.succeed(gate, undefined)
        expect(yield* Fiber.join(pausing)).toMatchObject({ state: "paused" })
        const sent = () => ledger.attempts.filter(({ channel }) => channel === "news").length
        const attempts = sent()
        expect(attempts).toBeGreaterThan(0)
        // Two of its intervals later.
        yield* other.scheduler.create({ ...message, channels: ["later"], delay: 400 })
        yield* until(() => Effect.sync(() => ledger.attempts.some(({ channel }) => channel === "later")))
        expect(sent()).toBe(attempts)
      })
    )
  )

  it("due times that a change passes over have a record, which all nodes read", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { leader, others } = yield* startNodes(2)
        const [gate, isSending] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        leader.hooks.beforePublish = Effect.andThen(
          Deferred.succeed(isSending, undefined),
          Deferred.await(gate)
        )
        const { schedule } = yield* leader.scheduler.create({ ...message, every: 200, catchUp: "all" })
        yield* Deferred.await(isSending)
        // It is next when the run is over.
        const changing = yield* Effect.forkChild(leader.scheduler.update(schedule.id, { every: "1 hour" }), {
          startImmediately: true
        })
        const first = schedule.due!
        yield* until(() => Effect.map(Clock.currentTimeMillis, (now) => now > first + 1000))
        yield* Deferred.succeed(gate, undefined)
        const { lastDue } = yield* Fiber.join(changing)
        expect(lastDue).toBeGreaterThanOrEqual(first + 1000)
        const count = (lastDue! - first) / 200
        for (const node of [leader, ...others]) {
          yield* until(() => Effect.map(runsOf(node, schedule.id), (found) => found.length === 2))
          expect(yield* runsOf(node, schedule.id)).toMatchObject([
            { outcome: "sent", due: first },
            { outcome: "skipped", due: lastDue, detail: `it was changed while ${count} due times waited` }
          ])
        }
      })
    )
  )

  it("runs that are asked for run on the node that was asked, and count for all", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { ledger, nodes } = yield* startNodes(3)
        const { schedule } = yield* nodes[0]!.scheduler.create({ ...message, delay: "1 hour" })
        for (const { store } of nodes)
          yield* until(() => Effect.map(store.get(schedule.id), (found) => found !== undefined))
        const runs = yield* Effect.forEach(nodes, ({ scheduler }) => scheduler.runNow(schedule.id), {
          concurrency: "unbounded"
        })
        expect(new Set(runs.map(({ number }) => number))).toEqual(new Set([1, 2, 3]))
        expect(new Set(ledger.published.map(({ node }) => node)).size).toBe(3)
        for (const node of nodes)
          yield* until(() => Effect.map(node.store.get(schedule.id), (found) => found?.runs === 3))
      })
    )
  )

  it("a lease that is lost between marking and publishing: the next leader sends it, once", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { ledger, leader, others } = yield* startNodes(2)
        const [gate, isMarked] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        let commits = 0
        leader.hooks.afterCommit = Effect.suspend(() =>
          // The first one makes it.
          ++commits === 1
            ? Effect.void
            : Effect.andThen(Deferred.succeed(isMarked, undefined), Deferred.await(gate))
        )
        const { schedule } = yield* leader.scheduler.create({ ...message, delay: 300 })
        yield* Deferred.await(isMarked)
        yield* leader.cutOff
        const other = others[0]!
        yield* until(() => Effect.map(other.store.get(schedule.id), (found) => found?.state === "completed"))
        expect(leader.leadership.isLeader()).toBe(false)
        leader.hooks.afterCommit = Effect.void
        yield* Deferred.succeed(gate, undefined)
        yield* leader.join
        yield* until(() => Effect.map(leader.store.get(schedule.id), (found) => found?.state === "completed"))
        expect(ledger.attempts).toMatchObject([{ node: other.name, isSuppressed: false }])
        expect(yield* runsOf(other, schedule.id)).toMatchObject([{ outcome: "sent", number: 1 }])
      })
    )
  )

  it(
    "a leader that dies while it publishes: what it may have sent is repeated, and comes once",
    TIMEOUT,
    () =>
      run(
        Effect.gen(function* () {
          const { ledger, leader, others } = yield* startNodes(2)
          const isSending = yield* Deferred.make<void>()
          // It was published; the answer never comes.
          let count = 0
          leader.hooks.beforePublish = Effect.suspend(() =>
            ++count === 1 ? Effect.void : Effect.andThen(Deferred.succeed(isSending, undefined), Effect.never)
          )
          const { schedule } = yield* leader.scheduler.create({
            ...message,
            channels: ["a", "b"],
            delay: 300
          })
          yield* Deferred.await(isSending)
          yield* leader.kill
          const other = others[0]!
          yield* until(() =>
            Effect.map(other.store.get(schedule.id), (found) => found?.state === "completed")
          )
          expect(ledger.published).toHaveLength(2)
          expect(ledger.attempts.filter(({ isSuppressed }) => isSuppressed)).toMatchObject([
            { node: other.name }
          ])
          expect(yield* runsOf(other, schedule.id)).toMatchObject([{ outcome: "sent" }])
        })
      )
  )

  it("under load, with leaders that end and die: each due time has one run", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { ledger, nodes } = yield* startNodes(3)
        const COUNT = 300
        const SPAN_MS = 12_000
        const start = (yield* Clock.currentTimeMillis) + 2000
        const repeated = yield* nodes[1]!.scheduler.create({
          ...message,
          id: "repeated",
          every: 250,
          start,
          end: start + SPAN_MS,
          catchUp: "all"
        })
        const repetitions = duesOf(repeated.schedule).length
        const schedules = yield* Effect.forEach(
          Array.from({ length: COUNT }, (_, at) => at),
          (at) =>
            nodes[at % 3]!.scheduler.create({
              ...message,
              id: `s${at}`,
              delay: 2000 + Math.round((at * SPAN_MS) / COUNT),
              catchUp: "all"
            }),
          { concurrency: 10 }
        )
        const leads = () => nodes.find(({ leadership }) => leadership.isLeader())
        yield* until(() => Effect.sync(() => ledger.published.length > 40))
        const first = leads()!
        yield* first.kill
        yield* until(() => Effect.sync(() => leads() !== undefined && leads() !== first))
        const second = leads()!
        yield* until(() => Effect.sync(() => ledger.attempts.some(({ node }) => node === second.name)))
        yield* second.end
        const last = nodes.find((node) => node !== first && node !== second)!
        const all = [...schedules, repeated].map(({ schedule }) => schedule.id)
        yield* until(() =>
          Effect.map(last.store.list({ limit: 1000 }), ({ items }) =>
            items.every(({ state }) => state === "completed" || state === "failed")
          )
        )
        for (const id of all) {
          const runs = yield* runsOf(last, id)
          const dues = runs.map(({ due }) => due)
          expect([id, new Set(dues).size]).toEqual([id, dues.length])
          expect([id, runs.length]).toEqual([id, id === "repeated" ? repetitions : 1])
          expect([id, ...new Set(runs.map(({ outcome }) => outcome))]).toEqual([id, "sent"])
        }
        expect(ledger.published).toHaveLength(COUNT + repetitions)
      })
    )
  )

  it("after NATS was away everything goes on, and what was due meanwhile is caught up", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const { ledger, nodes } = yield* startNodesOn(2, [server])
        const { schedule } = yield* nodes[1]!.scheduler.create({ ...message, delay: 1500 })
        yield* Effect.promise(() => server.kill())
        const refused = yield* Effect.flip(nodes[1]!.scheduler.create({ ...message, delay: 1000 }))
        expect(refused).toMatchObject({ _tag: "StoreFailed" })
        yield* until(() => Effect.map(Clock.currentTimeMillis, (now) => now > schedule.due!))
        yield* Effect.promise(() => server.start())
        for (const { store } of nodes)
          yield* until(() => Effect.map(store.get(schedule.id), (found) => found?.state === "completed"))
        expect(ledger.published).toHaveLength(1)
        const later = yield* nodes[0]!.scheduler.create({ ...message, delay: 100 })
        for (const { store } of nodes)
          yield* until(() =>
            Effect.map(store.get(later.schedule.id), (found) => found?.state === "completed")
          )
      })
    )
  )

  it("three servers: the loss of the one that leads the schedules, and its return", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const servers = yield* startNatsCluster()
        const { ledger, nodes } = yield* startNodesOn(3, servers)
        const start = (yield* Clock.currentTimeMillis) + 1000
        const repeated = yield* nodes[2]!.scheduler.create({
          ...message,
          id: "repeated",
          every: 250,
          start,
          end: start + 12_000,
          catchUp: "all"
        })
        const dues = duesOf(repeated.schedule)
        yield* until(() => Effect.sync(() => ledger.published.length > 8))
        const { link } = nodes[0]!
        const info = yield* Effect.promise(() => link.manager.streams.info("KV_clarion_schedules"))
        const lost = servers.find(({ name }) => name === info.cluster?.leader)!
        yield* Effect.promise(() => lost.kill())
        const before = ledger.published.length
        yield* until(() => Effect.sync(() => ledger.published.length > Math.min(before + 8, dues.length - 1)))
        yield* Effect.promise(() => lost.start())
        for (const node of nodes) {
          yield* until(() => Effect.map(node.store.get("repeated"), (found) => found?.state === "completed"))
          // Their stream may have nobody who leads it now.
          yield* until(() =>
            Effect.match(runsOf(node, "repeated"), {
              onSuccess: ({ length }) => length >= dues.length,
              onFailure: () => false
            })
          )
          const runs = yield* runsOf(node, "repeated")
          expect(runs.map(({ due }) => due)).toEqual(dues)
          expect(new Set(runs.map(({ outcome }) => outcome))).toEqual(new Set(["sent"]))
        }
        expect(ledger.published).toHaveLength(dues.length)
      })
    )
  )

  it("a schedule that is too large for NATS is refused for what it is", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { leader } = yield* startNodesOn(1, [yield* startNats({ configuration: "max_payload: 64KB" })])
        const data = Buffer.from(`"${"x".repeat(40_000)}"`)
        const refused = yield* Effect.flip(leader.scheduler.create({ ...message, data, delay: 1000 }))
        expect(refused).toMatchObject({ _tag: "StoreFailed", reason: "too-large" })
        yield* leader.scheduler.create({ ...message, data: Buffer.from('"small"'), delay: "1 hour" })
      })
    )
  )
})
