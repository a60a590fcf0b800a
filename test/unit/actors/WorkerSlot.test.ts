import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import fc from "fast-check"
import { expect } from "vitest"
import { Worker } from "../../../src/actors/Worker.ts"
import { WorkerSlot } from "../../../src/actors/WorkerSlot.ts"
import type { Sample } from "../../../src/services/Metrics.ts"

const life = () => new Worker("worker-0", 10, () => {})

const actor = (address: string, connections: number) => ({
  name: address.slice(address.lastIndexOf("/") + 1),
  address,
  state: "serving",
  connections,
  children: []
})

/** What a worker tells that has opened and closed so many. */
const tell = (worker: Worker, opened: number, closed: Readonly<Record<string, number>> = {}) => {
  const live = opened - Object.values(closed).reduce((sum, count) => sum + count, 0)
  const samples: ReadonlyArray<Sample> = [
    { type: "gauge", name: "clarion_connections", help: "live", value: live },
    { type: "counter", name: "clarion_connections_opened_total", help: "opened", value: opened },
    ...Object.entries(closed).map(
      ([code, value]): Sample => ({
        type: "counter",
        name: "clarion_connections_closed_total",
        help: "closed",
        value,
        labels: { code }
      })
    )
  ]
  worker.noteObserved({ _tag: "Observed", live, samples, actors: [actor("primary/shards", live)] })
}

/** Sums by name, and label where there is one. */
const sums = (slot: WorkerSlot): Readonly<Record<string, number>> => {
  const all: Record<string, number> = {}
  for (const { name, labels, value } of slot.samples) {
    const key = labels?.code === undefined ? name.replace("clarion_connections", "live") : labels.code
    all[key] = (all[key] ?? 0) + value
  }
  return all
}

describe("the place of a worker", () => {
  it("tells nothing while nobody lives there, or who lives there has told nothing", () => {
    const slot = new WorkerSlot("worker-0")
    expect([slot.samples, slot.actors]).toEqual([[], []])
    slot.alive(life())
    expect([slot.samples, slot.actors]).toEqual([[], []])
    slot.alive(undefined)
    expect([slot.samples, slot.actors]).toEqual([[], []])
  })

  it("tells what who lives there has told last", () => {
    const slot = new WorkerSlot("worker-0")
    const worker = life()
    slot.alive(worker)
    tell(worker, 5)
    tell(worker, 7, { 1000: 1 })
    expect(sums(slot)).toEqual({ live: 6, live_opened_total: 7, 1000: 1 })
    expect(slot.actors).toEqual([actor("primary/shards", 6)])
  })

  it("keeps the counters of the dead, whose connections ended without a close frame; gauges and actors go", () => {
    const slot = new WorkerSlot("worker-0")
    const worker = life()
    slot.alive(worker)
    tell(worker, 7, { 1000: 1, 1006: 2 })
    slot.alive(undefined)
    expect(sums(slot)).toEqual({ live_opened_total: 7, 1000: 1, 1006: 2 + 4 })
    expect(slot.actors).toEqual([])
  })

  it("adds up all lives", () => {
    const slot = new WorkerSlot("worker-0")
    for (const opened of [1, 2, 3]) {
      const worker = life()
      slot.alive(worker)
      tell(worker, opened)
      if (opened < 3) slot.alive(undefined)
    }
    expect(sums(slot)).toEqual({ live: 3, live_opened_total: 6, 1006: 3 })
  })

  it("over any lives, no counter ever goes back, and live is opened less closed", () => {
    const step = fc.oneof(
      fc.record({ opens: fc.nat(20), closes: fc.nat(20), code: fc.constantFrom(1000, 1006, 1012) }),
      fc.constant("dies" as const)
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const slot = new WorkerSlot("worker-0")
        let [worker, opened, closed] = [life(), 0, {} as Record<string, number>]
        slot.alive(worker)
        let before: Readonly<Record<string, number>> = {}
        for (const step of steps) {
          if (step === "dies") {
            slot.alive(undefined)
            ;[worker, opened, closed] = [life(), 0, {}]
          } else {
            opened += step.opens
            const live = opened - Object.values(closed).reduce((sum, count) => sum + count, 0)
            closed = { ...closed, [step.code]: (closed[step.code] ?? 0) + Math.min(live, step.closes) }
            if (slot.worker === undefined) slot.alive(worker)
            tell(worker, opened, closed)
          }
          const { live = 0, live_opened_total = 0, ...codes } = sums(slot)
          expect(live).toBe(live_opened_total - Object.values(codes).reduce((sum, count) => sum + count, 0))
          const now = { live_opened_total, ...codes }
          for (const [key, value] of Object.entries(before))
            expect((now as Record<string, number>)[key] ?? 0).toBeGreaterThanOrEqual(value)
          before = now
        }
      })
    )
  })
})

describe("asking who lives there", () => {
  const asking = (slot: WorkerSlot) => Effect.forkChild(slot.observe, { startImmediately: true })

  it.effect("is done at once where nobody does", () => new WorkerSlot("worker-0").observe)

  it.effect("is done when it has told, for all who asked", () =>
    Effect.gen(function* () {
      const slot = new WorkerSlot("worker-0")
      const worker = life()
      slot.alive(worker)
      const fibers = [yield* asking(slot), yield* asking(slot)]
      expect(fibers.map((fiber) => fiber.pollUnsafe())).toEqual([undefined, undefined])
      tell(worker, 1)
      for (const fiber of fibers) yield* Fiber.join(fiber)
    })
  )

  it.effect("is done when it dies instead", () =>
    Effect.gen(function* () {
      const slot = new WorkerSlot("worker-0")
      const worker = life()
      slot.alive(worker)
      const fiber = yield* asking(slot)
      worker.end()
      yield* Fiber.join(fiber)
    })
  )
})
