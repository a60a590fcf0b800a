/** What somebody removes at NATS while nodes run, and buckets that more servers are to keep than before. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { until as untilLeads } from "../../support/cluster/leadership.ts"
import { noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { natsStore } from "../../support/schedules/natsStore.ts"
import { scheduleWith } from "../../support/schedules/ScheduleWorld.ts"
import {
  duesOf,
  Ledger,
  type ScheduleNode,
  startScheduleNode
} from "../../support/schedules/scheduleNodes.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

/** Looks every 20 ms; a test's time limit is the bound. */
const until = (isSo: () => Effect.Effect<boolean, unknown>): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (!(yield* Effect.orDie(isSo()))) yield* Effect.sleep(20)
  })

const startNodes = Effect.fnUntraced(function* (count: number) {
  const server = yield* startNats()
  const ledger = new Ledger()
  const nodes: Array<ScheduleNode> = []
  for (let at = 0; at < count; at++) nodes.push(yield* startScheduleNode([server], `node-${at}`, ledger))
  yield* untilLeads(nodes[0]!.leadership, true)
  return { server, ledger, nodes }
})

const SCHEDULES = "KV_clarion_schedules"
const LEASES = "KV_clarion_leases"
const RUNS = "clarion_schedule_runs"

/** How many servers keep each of them; fails where one is not there. */
const replicasOf = ({ link: { manager } }: Pick<ScheduleNode, "link">) =>
  Effect.promise(() =>
    Promise.all(
      [SCHEDULES, LEASES, RUNS].map(async (name) => (await manager.streams.info(name)).config.num_replicas)
    )
  )

const remove = ({ link: { manager } }: ScheduleNode, stream: string) =>
  Effect.promise(() => manager.streams.delete(stream))

const message = { channels: ["news"], data: Buffer.from('"hello"') }
/** Runs before their stream is removed. */
const BEFORE = 4
const TIMEOUT = { timeout: 120_000 }

describe.skipIf(noNatsServer !== undefined)(`what NATS keeps for nodes ${noNatsServer ?? ""}`, () => {
  it(
    "the buckets of schedules and of the lease are removed: nodes make them again, and each due time has one run",
    TIMEOUT,
    () =>
      run(
        Effect.gen(function* () {
          const { server, ledger, nodes } = yield* startNodes(3)
          const start = (yield* Clock.currentTimeMillis) + 500
          const repeated = { ...message, id: "repeated", every: 200, start, end: start + 8000 }
          const { schedule } = yield* nodes[1]!.scheduler.create({ ...repeated, catchUp: "all" })
          const dues = duesOf(schedule)
          yield* nodes[1]!.scheduler.create({ ...message, id: "later", delay: "1 hour" })
          yield* nodes[1]!.scheduler.create({ ...message, id: "paused", delay: "1 hour" })
          yield* nodes[1]!.scheduler.pause("paused")
          yield* until(() => Effect.sync(() => ledger.published.length > 5))
          const fence = nodes[0]!.leadership.fence()
          yield* remove(nodes[0]!, SCHEDULES)
          yield* remove(nodes[0]!, LEASES)
          const found = yield* Effect.result(
            nodes[1]!.scheduler.create({ ...message, id: "new", delay: "1 hour" })
          )
          if (found._tag === "Failure")
            expect(found.failure).toMatchObject({
              _tag: "StoreFailed",
              detail: expect.stringContaining("NATS does not have the bucket clarion_schedules now")
            })
          for (const { store } of nodes) {
            expect((yield* store.get("later"))?.state).toBe("scheduled")
            yield* until(() =>
              Effect.map(store.get("repeated"), (schedule) => schedule?.state === "completed")
            )
            expect((yield* store.get("paused"))?.state).toBe("paused")
          }
          const runs = (yield* nodes[2]!.store.runs("repeated", { limit: 1000 })).items.toReversed()
          expect(runs.map(({ due }) => due)).toEqual(dues)
          expect(new Set(runs.map(({ outcome }) => outcome))).toEqual(new Set(["sent"]))
          expect(ledger.published).toHaveLength(dues.length)
          const leader = nodes.find(({ leadership }) => leadership.isLeader())!
          expect(leader.leadership.fence()).toBeGreaterThanOrEqual(fence)
          // They stand at NATS, too: a node that comes now has them.
          const late = yield* startScheduleNode([server], "late", ledger)
          for (const id of ["repeated", "later", "paused"])
            expect((yield* late.store.get(id))?.state).toBe((yield* nodes[0]!.store.get(id))!.state)
          expect(yield* replicasOf(late)).toEqual([1, 1, 1])
        })
      )
  )

  it("a write that finds its bucket gone says so, and it is there for the next one", () =>
    run(
      Effect.gen(function* () {
        const { nodes } = yield* startNodes(1)
        const [node] = nodes as [ScheduleNode]
        const create = (id: string) => node.scheduler.create({ ...message, id, delay: "1 hour" })
        yield* create("before")
        yield* remove(node, SCHEDULES)
        expect(yield* Effect.flip(create("first"))).toMatchObject({
          detail: expect.stringContaining("NATS does not have the bucket clarion_schedules now")
        })
        yield* create("second")
        // What was there before can be changed at once, too.
        expect((yield* node.scheduler.pause("before")).state).toBe("paused")
      })
    ))

  it("the stream of runs is removed: runs go on, and those from now on are kept", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const { ledger, nodes } = yield* startNodes(2)
        const isRemoved = yield* Deferred.make<void>()
        for (const { hooks } of nodes)
          hooks.beforePublish = Effect.suspend(() =>
            ledger.published.length < BEFORE ? Effect.void : Deferred.await(isRemoved)
          )
        const start = (yield* Clock.currentTimeMillis) + 300
        const repeated = {
          ...message,
          id: "repeated",
          every: 200,
          start,
          end: start + 4000,
          catchUp: "all"
        } as const
        const { schedule } = yield* nodes[1]!.scheduler.create(repeated)
        const dues = duesOf(schedule)
        yield* until(() => Effect.sync(() => ledger.published.length === BEFORE))
        yield* remove(nodes[0]!, RUNS)
        yield* Deferred.succeed(isRemoved, undefined)
        for (const { store } of nodes)
          yield* until(() => Effect.map(store.get("repeated"), (schedule) => schedule?.state === "completed"))
        expect(ledger.published).toHaveLength(dues.length)
        const runs = (yield* nodes[1]!.store.runs("repeated", { limit: 1000 })).items
        expect(runs[0]?.due).toBe(dues.at(-1))
        expect(runs.length).toBeGreaterThanOrEqual(dues.length - BEFORE)
      })
    )
  )

  it("a start with more replicas brings what is there to as many servers, with what it holds", TIMEOUT, () =>
    run(
      Effect.gen(function* () {
        const servers = yield* startNatsCluster()
        const one = scheduleWith({ id: "one" })
        const before = yield* Effect.scoped(
          Effect.gen(function* () {
            const { store, link, leadership } = yield* natsStore(servers, 1)
            yield* store.commit([{ kind: "schedule", schedule: one, before: undefined }])
            yield* untilLeads(leadership, true)
            expect(yield* replicasOf({ link })).toEqual([1, 1, 1])
            return leadership.fence()
          })
        )
        const { store, link, leadership } = yield* natsStore(servers, 3)
        expect(yield* replicasOf({ link })).toEqual([3, 3, 3])
        yield* until(() => Effect.map(store.get("one"), (one) => one !== undefined))
        const found = yield* store.get("one")
        expect(found).toMatchObject({ id: "one", state: "scheduled" })
        yield* untilLeads(leadership, true)
        expect(leadership.fence()).toBeGreaterThan(before)
        // Each of them is there when one server is gone.
        yield* until(() =>
          Effect.promise(async () => {
            const infos = await Promise.all(
              [RUNS, LEASES, SCHEDULES].map((name) => link.manager.streams.info(name))
            )
            return infos.every(({ cluster }) => cluster?.replicas?.every(({ current }) => current) === true)
          })
        )
        const { cluster } = yield* Effect.promise(() => link.manager.streams.info(SCHEDULES))
        const lost = servers.find(({ name }) => name === cluster?.leader)!
        yield* Effect.promise(() => lost.kill())
        const changed = { ...found!, state: "paused", fireAt: undefined } as const
        yield* until(() =>
          Effect.match(store.commit([{ kind: "schedule", schedule: changed, before: found! }]), {
            onSuccess: () => true,
            onFailure: () => false
          })
        )
      })
    )
  )
})
