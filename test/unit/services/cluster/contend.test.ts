import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { contend } from "../../../../src/services/cluster/contend.ts"
import { FakeLease } from "../../../support/cluster/FakeLease.ts"

const node = Effect.fnUntraced(function* (lease: FakeLease, uid: string) {
  const link = lease.link()
  const scope = yield* Scope.make()
  const leadership = yield* Effect.provideService(contend(uid, link.record), Scope.Scope, scope)
  const changes: Array<boolean> = []
  yield* Effect.provideService(
    leadership.onChange((is) => changes.push(is)),
    Scope.Scope,
    scope
  )
  yield* TestClock.adjust(0)
  return { ...leadership, link, changes, end: Scope.close(scope, Exit.void) }
})

/** A source of numbers that is the same each time (mulberry32). */
const numbers = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

describe("contenders for the lease", () => {
  it.effect("the first leads at once, and stays the leader", () =>
    Effect.gen(function* () {
      const lease = new FakeLease()
      const [a, b] = [yield* node(lease, "a"), yield* node(lease, "b")]
      for (let second = 0; second < 30; second++) {
        expect([a.isLeader(), b.isLeader()]).toEqual([true, false])
        yield* TestClock.adjust(1000)
      }
      expect([a.changes, b.changes]).toEqual([[true], []])
      expect(a.fence()).toBe(1)
    })
  )

  it.effect("a leader that is cut off stops after three seconds, and another one leads after four", () =>
    Effect.gen(function* () {
      const lease = new FakeLease()
      const [a, b] = [yield* node(lease, "a"), yield* node(lease, "b")]
      yield* TestClock.adjust(2000)
      a.link.isUp = false
      yield* TestClock.adjust(2999)
      expect([a.isLeader(), b.isLeader()]).toEqual([true, false])
      yield* TestClock.adjust(1)
      expect([a.isLeader(), b.isLeader()]).toEqual([false, false])
      expect(a.changes.at(-1)).toBe(false)
      yield* TestClock.adjust(1000)
      expect([a.isLeader(), b.isLeader()]).toEqual([false, true])
      expect(b.fence()).toBeGreaterThan(a.fence())
      a.link.isUp = true
      yield* TestClock.adjust(20_000)
      expect([a.isLeader(), b.isLeader()]).toEqual([false, true])
    })
  )

  it.effect("a leader that ends while a renewal is on its way gives the lease back, too", () =>
    Effect.gen(function* () {
      const lease = new FakeLease()
      const [a, b] = [yield* node(lease, "a"), yield* node(lease, "b")]
      yield* TestClock.adjust(4500)
      a.link.delay = 100
      // The renewal of the fifth second.
      yield* TestClock.adjust(550)
      expect(a.isLeader()).toBe(true)
      const ending = yield* Effect.forkChild(a.end, { startImmediately: true })
      yield* TestClock.adjust(600)
      yield* Fiber.join(ending)
      expect([a.isLeader(), b.isLeader()]).toEqual([false, true])
    })
  )

  it.effect("a leader that ends gives the lease back: another one leads at once", () =>
    Effect.gen(function* () {
      const lease = new FakeLease()
      const [a, b] = [yield* node(lease, "a"), yield* node(lease, "b")]
      yield* TestClock.adjust(5500)
      yield* a.end
      expect(a.isLeader()).toBe(false)
      yield* TestClock.adjust(0)
      expect(b.isLeader()).toBe(true)
    })
  )

  it.effect("answers that get lost end the leadership in time, and it comes back", () =>
    Effect.gen(function* () {
      const lease = new FakeLease()
      const a = yield* node(lease, "a")
      yield* TestClock.adjust(1500)
      a.link.losesAnswers = true
      yield* TestClock.adjust(2500)
      expect(a.isLeader()).toBe(false)
      a.link.losesAnswers = false
      yield* TestClock.adjust(2500)
      expect(a.isLeader()).toBe(true)
      expect(a.changes).toEqual([true, false, true])
    })
  )

  it.effect("one answer that gets lost is made up for", () =>
    Effect.gen(function* () {
      const lease = new FakeLease()
      const a = yield* node(lease, "a")
      yield* TestClock.adjust(500)
      a.link.losesAnswers = true
      yield* TestClock.adjust(600)
      a.link.losesAnswers = false
      for (let step = 0; step < 40; step++) {
        yield* TestClock.adjust(250)
        expect(a.isLeader()).toBe(true)
      }
    })
  )

  it.effect("who does not hear of renewals does not take the lease for it", () =>
    Effect.gen(function* () {
      const lease = new FakeLease()
      const [a, b] = [yield* node(lease, "a"), yield* node(lease, "b")]
      b.link.hears = false
      for (let second = 0; second < 30; second++) {
        expect([a.isLeader(), b.isLeader()]).toEqual([true, false])
        yield* TestClock.adjust(1000)
      }
    })
  )

  it.effect("whatever becomes of links and nodes, never two lead, and one does when all is well", () =>
    Effect.gen(function* () {
      for (let seed = 1; seed <= 8; seed++) {
        const random = numbers(seed)
        const lease = new FakeLease()
        const nodes = [yield* node(lease, "a"), yield* node(lease, "b"), yield* node(lease, "c")]
        let fence = 0
        let led = 0
        const look = () => {
          const leaders = nodes.filter((one) => one.isLeader())
          expect(leaders.length).toBeLessThanOrEqual(1)
          led += leaders.length
          const [leader] = leaders
          if (leader !== undefined) {
            expect(leader.fence()).toBeGreaterThanOrEqual(fence)
            fence = leader.fence()
          }
          return leaders.length
        }
        for (let step = 0; step < 300; step++) {
          const { link } = nodes[Math.floor(random() * nodes.length)]!
          const what = random()
          if (what < 0.05) link.isUp = !link.isUp
          else if (what < 0.1) link.losesAnswers = !link.losesAnswers
          else if (what < 0.15) link.hears = !link.hears
          else if (what < 0.2) link.delay = random() < 0.5 ? 0 : Math.floor(random() * 2500)
          yield* TestClock.adjust(Math.floor(random() * 400))
          look()
        }
        expect(led).toBeGreaterThan(0)
        for (const { link } of nodes)
          Object.assign(link, { isUp: true, losesAnswers: false, hears: true, delay: 0 })
        yield* TestClock.adjust(10_000)
        expect(look()).toBe(1)
        for (const one of nodes) {
          const ending = yield* Effect.forkChild(one.end, { startImmediately: true })
          yield* TestClock.adjust(3000)
          yield* Fiber.join(ending)
        }
      }
    })
  )
})
