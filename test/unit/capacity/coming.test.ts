import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { describe, expect, it } from "vitest"
import { Draws } from "../../../src/capacity/simulation/Draws.ts"
import { NodeQueue } from "../../../src/capacity/simulation/NodeQueue.ts"
import { Waiting } from "../../../src/capacity/simulation/Waiting.ts"

describe("a node's queue", () => {
  it("serves who came first, as much as it has time for, and keeps what is left of it", () => {
    const queue = new NodeQueue()
    queue.add(0, 0, 10)
    queue.add(1, 0, 10)
    expect([queue.serve(0.5, 0.1), queue.serve(0.55, 0.1), queue.serve(0.05, 0.1)]).toEqual([5, 5, 1])
    expect(queue.length).toBe(9)
  })

  it("saves no time up while nobody waits", () => {
    const queue = new NodeQueue()
    expect(queue.serve(100, 0.1)).toBe(0)
    queue.add(0, 0, 10)
    expect(queue.serve(0.2, 0.1)).toBe(2)
  })

  it("lets those go who have waited long enough, and does their work all the same", () => {
    const queue = new NodeQueue()
    queue.add(0, 3, 10)
    queue.add(5, 0, 10)
    expect(queue.serve(0.4, 0.1)).toBe(4)
    const gone: Array<readonly [number, number]> = []
    queue.giveUp(4, (step, clients) => gone.push([step, clients]))
    expect([gone, queue.length]).toEqual([[[3, 6]], 16])
    expect([queue.serve(0.8, 0.1), queue.wasted, queue.length]).toEqual([2, 6, 8])
  })
})

describe("clients that wait", () => {
  const waits = (step: number, clients = 100_000) => {
    const waiting = new Waiting(50, Effect.runSync(Random.withSeed(Draws.ofFiber, 1)))
    waiting.backOff(100, step, clients)
    const at: Array<number> = []
    let came = 0
    for (let tick = 0; tick <= 1000; tick++) {
      const here = waiting.take(tick).reduce((sum, count) => sum + count, 0)
      if (here > 0) at.push((tick - 100) * 50)
      came += here
    }
    expect([came, waiting.size]).toEqual([clients, 0])
    return [at[0], at.at(-1)]
  }

  // Of the SDK: min(20 s, 500 ms + up to min(20 s, 500 ms × 2^step)).
  it.each([
    [0, 500, 950],
    [1, 500, 1450],
    [4, 500, 8450],
    [6, 500, 20_000],
    [60, 500, 20_000]
  ])("after %i failed attempts come between %i and %i ms later", (step, first, last) => {
    expect(waits(step)).toEqual([first, last])
  })

  it("come back with the step that they left with", () => {
    const waiting = new Waiting(50, Effect.runSync(Random.withSeed(Draws.ofFiber, 1)))
    waiting.backOff(0, 2, 1000)
    const steps = new Set<number>()
    for (let tick = 0; tick < 100; tick++)
      for (const [step, count] of waiting.take(tick).entries()) if (count > 0) steps.add(step)
    expect([...steps]).toEqual([2])
  })
})
