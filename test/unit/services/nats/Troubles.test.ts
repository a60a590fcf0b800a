import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { Troubles } from "../../../../src/services/nats/Troubles.ts"

const make = () => {
  const world = { now: 1000, isUp: true }
  return {
    world,
    troubles: new Troubles(
      () => world.now,
      () => world.isUp
    )
  }
}

describe("troubles with NATS", () => {
  it("are there from a failure until it goes well, each once", () => {
    const { troubles } = make()
    const [one, other, same] = [troubles.expect("one"), troubles.expect("other"), troubles.expect("one")]
    expect(troubles.present).toEqual([])
    for (const trouble of [one, other, same]) trouble.failed()
    expect(troubles.present).toEqual(["one", "other"])
    other.wentWell()
    one.wentWell()
    expect(troubles.present).toEqual(["one"])
    same.wentWell()
    expect(troubles.present).toEqual([])
  })

  it("are told when they have lasted for so long, counted from the first failure", () => {
    const { world, troubles } = make()
    const trouble = troubles.expect("slow", 3000)
    trouble.failed()
    world.now += 2999
    trouble.failed()
    expect(troubles.present).toEqual([])
    world.now += 1
    expect(troubles.present).toEqual(["slow"])
    trouble.wentWell()
    trouble.failed()
    expect(troubles.present).toEqual([])
  })

  it("are not known any more when nobody has tried again for 15 seconds", () => {
    const { world, troubles } = make()
    const trouble = troubles.expect("rare")
    for (const tries of [1, 2]) {
      trouble.failed()
      world.now += 14_999
      expect([tries, ...troubles.present]).toEqual([tries, "rare"])
    }
    world.now += 1
    expect(troubles.present).toEqual([])
  })

  it("are none where there is no connection", () => {
    const { world, troubles } = make()
    const trouble = troubles.expect("away")
    world.isUp = false
    trouble.failed()
    world.isUp = true
    expect(troubles.present).toEqual([])
  })

  it("are seen in what is asked, unless who asks goes away", () => {
    const { troubles } = make()
    const trouble = troubles.expect("asked")
    const asked = (asking: Effect.Effect<void, string>) => {
      Effect.runSyncExit(trouble.watch(asking))
      return troubles.present.length
    }
    expect(asked(Effect.interrupt)).toBe(0)
    expect(asked(Effect.fail("no"))).toBe(1)
    expect(asked(Effect.interrupt)).toBe(1)
    expect(asked(Effect.void)).toBe(0)
  })
})
