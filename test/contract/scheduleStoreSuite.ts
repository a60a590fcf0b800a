/** The contract of src/services/schedules/ScheduleStore.ts. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import fc from "fast-check"
import { expect, it } from "vitest"
import type { Run, Schedule, ScheduleState } from "../../src/services/schedules/Schedule.ts"
import {
  beginningOf,
  type Due,
  RUNS_KEPT,
  type ScheduleStore
} from "../../src/services/schedules/ScheduleStore.ts"
import type { StoreFailed } from "../../src/services/store/Store.ts"
import { scheduleWith } from "../support/schedules/ScheduleWorld.ts"

export interface ScheduleStoreContract {
  /** An empty store. */
  readonly start: Effect.Effect<ScheduleStore["Service"], never, Scope.Scope>
  readonly run: <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Promise<A>
  /** Why the test of schedules of many megabytes is left out. */
  readonly withoutLarge?: string
}

const insert = (schedule: Schedule) => ({ kind: "schedule", schedule, before: undefined }) as const

const runWith = (more: Partial<Run> = {}): Run => ({
  id: `run-${more.sequence ?? 1}`,
  schedule: "one",
  number: 1,
  sequence: 1,
  isAsked: false,
  due: 1000,
  outcome: "sent",
  startedAt: 1000,
  endedAt: 1001,
  ...more
})

const run = (more: Partial<Run> = {}) => ({ kind: "run", run: runWith(more) }) as const
const ALL = beginningOf(Number.NEGATIVE_INFINITY)
const EVER = Number.POSITIVE_INFINITY

export const scheduleStoreSuite = (contract: ScheduleStoreContract) => {
  const test = (
    name: string,
    body: (store: ScheduleStore["Service"]) => Effect.Effect<void, unknown, Scope.Scope>
  ) => it(name, () => contract.run(Effect.flatMap(contract.start, body)))
  const { withoutLarge } = contract
  const testOfLarge: typeof test =
    withoutLarge === undefined ? test : (name) => it.skip(`${name} (skipped: ${withoutLarge})`)

  /** All pages of a list. */
  const pages = Effect.fnUntraced(function* <A>(
    page: (
      cursor: string | undefined
    ) => Effect.Effect<{ readonly items: ReadonlyArray<A>; readonly cursor?: string | undefined }, unknown>
  ) {
    const all: Array<ReadonlyArray<A>> = []
    let cursor: string | undefined
    do {
      const next: { readonly items: ReadonlyArray<A>; readonly cursor?: string | undefined } =
        yield* page(cursor)
      all.push(next.items)
      cursor = next.cursor
    } while (cursor !== undefined)
    return all
  })

  test("gives back what was committed, bytes and all", (store) =>
    Effect.gen(function* () {
      const payload = { kind: "data", data: Buffer.from([0, 255, 10]) } as const
      const schedule = scheduleWith({ payload, tags: { a: "b" }, about: "ä" })
      yield* store.commit([insert(schedule)])
      const found = yield* store.get("one")
      expect(found).toMatchObject({ id: "one", about: "ä", tags: { a: "b" }, due: schedule.due })
      expect(found?.payload.kind === "data" && [...found.payload.data]).toEqual([0, 255, 10])
      expect(yield* store.get("two")).toBeUndefined()
      expect(yield* store.figures).toEqual({ schedules: 1, pending: 1, ended: 0, openRuns: 0 })
    }))

  test("has another version after each commit, and after what was forgotten", (store) =>
    Effect.gen(function* () {
      const versions = [store.version()]
      const step = Effect.fnUntraced(function* (doing: Effect.Effect<unknown, StoreFailed>) {
        yield* doing
        versions.push(store.version())
      })
      const schedule = scheduleWith({ state: "completed", fireAt: undefined, updatedAt: 500 })
      yield* step(store.commit([insert(schedule)]))
      yield* step(store.commit([run({ schedule: "one" })]))
      yield* step(store.expire(1000))
      expect(new Set(versions).size).toBe(4)
      yield* step(Effect.andThen(store.figures, store.list({ limit: 10 })))
      yield* step(store.expire(1000))
      expect(versions.slice(4)).toEqual([versions[3], versions[3]])
    }))

  test("the due-time index follows the time and the state", (store) =>
    Effect.gen(function* () {
      const first = scheduleWith({ fireAt: 500 })
      const steps: ReadonlyArray<readonly [Partial<Schedule>, ReadonlyArray<Due>]> = [
        [{ fireAt: 700 }, [{ fireAt: 700, id: "one" }]],
        [{ state: "sending", fireAt: undefined }, []],
        [{ state: "scheduled", fireAt: 900 }, [{ fireAt: 900, id: "one" }]],
        [{ state: "paused", fireAt: undefined, due: undefined }, []],
        [{ state: "scheduled", fireAt: 100 }, [{ fireAt: 100, id: "one" }]],
        [{ state: "cancelled", fireAt: undefined }, []]
      ]
      yield* store.commit([insert(first)])
      let before = first
      for (const [changed, index] of steps) {
        const schedule = { ...before, ...changed }
        yield* store.commit([{ kind: "schedule", schedule, before }])
        expect(yield* store.due(ALL, EVER, 10)).toEqual(index)
        before = schedule
      }
    }))

  test("the due-time index is the sorted list of what is scheduled", (store) =>
    Effect.gen(function* () {
      const ids = Array.from({ length: 12 }, (_, i) => `s${i}`)
      const change = fc.record({
        id: fc.constantFrom(...ids),
        state: fc.constantFrom<ScheduleState>("scheduled", "scheduled", "sending", "paused", "completed"),
        fireAt: fc.integer({ min: 0, max: 30 })
      })
      const known = new Map<string, Schedule>()
      const byTime = (a: Due, b: Due) => a.fireAt - b.fireAt || (a.id < b.id ? -1 : 1)
      const [changes = []] = fc.sample(fc.array(change, { minLength: 400, maxLength: 400 }), 1)
      for (const [count, { id, state, fireAt }] of changes.entries()) {
        const before = known.get(id)
        const schedule = scheduleWith({
          id,
          state,
          ...(state === "scheduled" ? { fireAt } : { fireAt: undefined })
        })
        known.set(id, schedule)
        yield* store.commit([{ kind: "schedule", schedule, before }])
        const model = [...known.values()]
          .flatMap(({ id, state, fireAt }) => (state === "scheduled" ? [{ fireAt: fireAt!, id }] : []))
          .sort(byTime)
        expect(yield* store.due(ALL, EVER, 100)).toEqual(model)
        const [from, limit] = [count % 31, 1 + (count % 4)]
        expect(yield* store.due(beginningOf(from), 25, limit)).toEqual(
          model.filter(({ fireAt }) => fireAt >= from && fireAt < 25).slice(0, limit)
        )
        const place = { fireAt: from, id: ids[count % 12]! }
        expect(yield* store.due(place, 25, limit)).toEqual(
          model
            .filter((due) => byTime(place, due) < 0 && due.fireAt < 25 && due.id !== "")
            .filter((due) => !(due.fireAt === place.fireAt && due.id === place.id))
            .slice(0, limit)
        )
      }
    }))

  test("lists in the order of ids, page by page, and filters", (store) =>
    Effect.gen(function* () {
      const of = (index: number) =>
        scheduleWith({
          id: `s${String(index).padStart(3, "0")}`,
          channels: index % 3 === 0 ? ["news", "sport"] : ["sport"],
          ...(index % 5 === 0 ? { state: "paused", fireAt: undefined } : {})
        })
      const all = Array.from({ length: 100 }, (_, index) => of(index))
      yield* store.commit([...all].reverse().map(insert))
      for (const filter of [
        {},
        { state: "paused" },
        { channel: "news" },
        { state: "scheduled", channel: "news" }
      ] as const) {
        const wanted = all.filter(
          ({ state, channels }) =>
            (!("state" in filter) || state === filter.state) &&
            (!("channel" in filter) || channels.includes(filter.channel))
        )
        for (const limit of [1, 7, 100, 1000]) {
          const found = yield* pages((cursor) => store.list({ ...filter, limit, cursor }))
          expect(found.flat().map(({ id }) => id)).toEqual(wanted.map(({ id }) => id))
          for (const page of found) expect(page.length).toBeLessThanOrEqual(limit)
        }
      }
      expect((yield* store.list({ limit: 10, cursor: "zzz" })).items).toEqual([])
    }))

  test("a list that finds little looks at a bounded number, and goes on from its cursor", (store) =>
    Effect.gen(function* () {
      const many = Array.from({ length: 6000 }, (_, index) =>
        scheduleWith({ id: `s${String(index).padStart(4, "0")}` })
      )
      yield* store.commit([...many.map(insert), insert(scheduleWith({ id: "t", channels: ["rare"] }))])
      const first = yield* store.list({ channel: "rare", limit: 10 })
      expect(first.items).toEqual([])
      expect(first.cursor).toBeDefined()
      const second = yield* store.list({ channel: "rare", limit: 10, cursor: first.cursor })
      expect([second.items.map(({ id }) => id), second.cursor]).toEqual([["t"], undefined])
    }))

  testOfLarge("a list of large schedules has short pages, and all of them", (store) =>
    Effect.gen(function* () {
      const channels = Array.from({ length: 10_000 }, (_, at) => `${at}`.padStart(100, "x"))
      const payload = { kind: "data", data: new Uint8Array(2 ** 20) } as const
      const large = (index: number, more: Partial<Schedule>) =>
        scheduleWith({ id: `s${String(index).padStart(2, "0")}`, ...more })
      const all = Array.from({ length: 60 }, (_, at) => large(at, at % 2 === 0 ? { channels } : { payload }))
      yield* store.commit(all.map(insert))
      for (const filter of [{}, { channel: channels[7]! }]) {
        const found = yield* pages((cursor) => store.list({ ...filter, limit: 1000, cursor }))
        const wanted = all.filter((one) => !("channel" in filter) || one.channels === channels)
        expect(found.flat().map(({ id }) => id)).toEqual(wanted.map(({ id }) => id))
        expect(found.length).toBeGreaterThan(3)
        for (const page of found) expect(page.length).toBeLessThanOrEqual(17)
      }
      // One that is larger than a page is a page.
      const huge = large(99, { payload: { kind: "data", data: new Uint8Array(2 ** 25) } })
      yield* store.commit([insert(huge)])
      const found = yield* pages((cursor) => store.list({ limit: 10, cursor }))
      expect(found.flat().map(({ id }) => id)).toEqual([...all, huge].map(({ id }) => id))
    })
  )

  test("runs come newest first, page by page", (store) =>
    Effect.gen(function* () {
      yield* store.commit(Array.from({ length: 25 }, (_, index) => run({ sequence: index + 1 })))
      yield* store.commit([run({ schedule: "onf", sequence: 1 }), run({ schedule: "on", sequence: 1 })])
      const found = yield* pages((cursor) => store.runs("one", { limit: 10, cursor }))
      expect(found.map(({ length }) => length)).toEqual([10, 10, 5])
      expect(found.flat().map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 25 }, (_, i) => 25 - i)
      )
      expect((yield* store.runs("one", { limit: 10, cursor: "no number" })).items).toEqual([])
      expect((yield* store.runs("none", { limit: 10 })).items).toEqual([])
    }))

  test(`the newest ${RUNS_KEPT} runs of a schedule are kept`, (store) =>
    Effect.gen(function* () {
      const sequences = Array.from({ length: RUNS_KEPT + 5 }, (_, index) => index + 1)
      yield* store.commit(sequences.map((sequence) => run({ sequence })))
      const found = (yield* store.runs("one", { limit: 2 * RUNS_KEPT })).items
      expect([found.length, found.at(-1)?.sequence]).toEqual([RUNS_KEPT, 6])
    }))

  test("a run is open until its outcome is known", (store) =>
    Effect.gen(function* () {
      const open = { outcome: "sending", endedAt: undefined } as const
      yield* store.commit([run({ ...open, sequence: 1 }), run({ ...open, schedule: "two", sequence: 4 })])
      expect((yield* store.openRuns).map(({ schedule, sequence }) => [schedule, sequence])).toEqual([
        ["one", 1],
        ["two", 4]
      ])
      yield* store.commit([run({ outcome: "sent", sequence: 1 })])
      expect((yield* store.openRuns).map(({ schedule }) => schedule)).toEqual(["two"])
      expect((yield* store.figures).openRuns).toBe(1)
    }))

  test("forgets what ended before a time, in bounded steps, and nothing else", (store) =>
    Effect.gen(function* () {
      const ended = Array.from({ length: 450 }, (_, index) =>
        scheduleWith({
          id: `old${index}`,
          state: "completed",
          fireAt: undefined,
          updatedAt: 100 + index,
          records: 1
        })
      )
      const live = scheduleWith({ id: "live", updatedAt: 1, records: 3 })
      const late = scheduleWith({
        id: "late",
        state: "cancelled",
        fireAt: undefined,
        updatedAt: 5000,
        records: 1
      })
      yield* store.commit([...ended, live, late].map(insert))
      yield* store.commit(ended.map(({ id }) => run({ schedule: id, endedAt: 50 })))
      yield* store.commit([
        run({ schedule: "late", endedAt: 5000 }),
        run({ schedule: "live", sequence: 1, endedAt: 900 }),
        run({ schedule: "live", sequence: 2, endedAt: 1000 }),
        run({ schedule: "live", sequence: 3, outcome: "sending", endedAt: undefined })
      ])
      let steps = 0
      let forgotten = 0
      let cursor: string | undefined
      do {
        const step: { readonly schedules: number; readonly cursor?: string | undefined } =
          yield* store.expire(1000, cursor)
        steps++
        forgotten += step.schedules
        cursor = step.cursor
      } while (cursor !== undefined)
      expect(forgotten).toBe(450)
      expect(steps).toBeGreaterThan(2)
      expect((yield* store.list({ limit: 10 })).items.map(({ id }) => id)).toEqual(["late", "live"])
      expect((yield* store.runs("old7", { limit: 10 })).items).toEqual([])
      expect((yield* store.runs("live", { limit: 10 })).items.map(({ sequence }) => sequence)).toEqual([3, 2])
      expect((yield* store.runs("late", { limit: 10 })).items).toHaveLength(1)
      expect(yield* store.figures).toEqual({ schedules: 2, pending: 1, ended: 1, openRuns: 1 })
    }))

  test("a round of forgetting walks over the runs of many schedules", (store) =>
    Effect.gen(function* () {
      const ids = Array.from({ length: 30 }, (_, index) => `s${index}`)
      const endings = ids.flatMap((schedule, at) =>
        Array.from({ length: 40 }, (_, index) =>
          run({ schedule, sequence: index + 1, endedAt: index * 10 + at })
        )
      )
      yield* store.commit(endings)
      let cursor: string | undefined
      do {
        cursor = (yield* store.expire(200, cursor)).cursor
      } while (cursor !== undefined)
      for (const id of ids) {
        const left = (yield* store.runs(id, { limit: 100 })).items
        const kept = endings.filter(({ run }) => run.schedule === id && run.endedAt! >= 200)
        expect([id, left.length]).toEqual([id, kept.length])
      }
    }))
}
