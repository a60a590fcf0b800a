/** Rooms, their subscribers in step and late, and drains that go on while they come and go: any interleaving. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ClientKind, RoomClient } from "../../../support/rooms/RoomClient.ts"
import { RoomWorld } from "../../../support/rooms/RoomWorld.ts"

const anyKind: fc.Arbitrary<ClientKind> = fc
  .record({
    isPositioned: fc.boolean(),
    isDelta: fc.boolean(),
    hearsJoins: fc.boolean(),
    tag: fc.constantFrom(undefined, undefined, undefined, "x"),
    isServedAlone: fc.constantFrom(false, false, false, true),
    wire: fc.constantFrom(0 as const, 1 as const)
  })
  // As the protocol has it.
  .map((kind) => ({ ...kind, isDelta: kind.isDelta && kind.tag === undefined }))

type Step =
  | { readonly publish: { readonly isDelta: boolean; readonly tag: string; readonly hasHistory: boolean } }
  | { readonly subscribe: ClientKind }
  | { readonly settle: { readonly at: number; readonly since: number | undefined } }
  | { readonly drain: { readonly most: number; readonly sliceSize: number } }
  | { readonly leave: number }
  | "slice"
  | "join"
  | "restart"

/** @param canRestart whether the stream may begin anew; the mailbox overflows by itself */
const anyStep = (canRestart: boolean): fc.Arbitrary<Step> => {
  const publish = fc.record({
    isDelta: fc.boolean(),
    tag: fc.constantFrom("x", "y"),
    hasHistory: fc.constantFrom(true, true, true, false)
  })
  const settle = fc.record({ at: fc.nat(20), since: fc.option(fc.nat(20), { nil: undefined }) })
  const drain = fc.record({
    most: fc.integer({ min: 1, max: 6 }),
    sliceSize: fc.integer({ min: 1, max: 3 })
  })
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ publish }) },
    { weight: 5, arbitrary: fc.record({ subscribe: anyKind }) },
    { weight: 8, arbitrary: fc.record({ settle }) },
    { weight: 6, arbitrary: fc.record({ drain }) },
    { weight: 10, arbitrary: fc.constant("slice" as const) },
    { weight: 2, arbitrary: fc.record({ leave: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.constant("join" as const) },
    { weight: canRestart ? 1 : 0, arbitrary: fc.constant("restart" as const) }
  )
}

const take = (world: RoomWorld, step: Step): void => {
  const client = (at: number) => world.clients[at % Math.max(1, world.clients.length)]
  if (step === "slice") world.slice()
  else if (step === "join") world.join()
  else if (step === "restart") world.restart()
  else if ("publish" in step) world.publish(step.publish)
  else if ("subscribe" in step) world.subscribe(step.subscribe)
  else if ("drain" in step) world.beginDrain(step.drain.most, step.drain.sliceSize)
  else if ("settle" in step) {
    const found = client(step.settle.at)
    if (found !== undefined) world.settle(found, step.settle.since)
  } else client(step.leave)?.leave()
}

/** What is wrong with a client when all is over. */
const faultsOf = (world: RoomWorld, client: RoomClient): ReadonlyArray<string> => {
  const { violations, kind, isTold, mayMiss, state, received, expected } = client
  const faults = [...violations]
  if (isTold && !world.isLossy) faults.push("told of a gap where nothing was lost")
  const isWhole = kind.isPositioned ? !isTold : !mayMiss
  if (state === "live" && isWhole) {
    // What was on its way before it may hear of, unless the position says that it knows it.
    const isEarly = (payload: string) =>
      !expected.includes(payload) && (!kind.isPositioned || payload.startsWith("passed"))
    // What has no offset may be missed without a word.
    const counts = (payload: string) => !mayMiss || !payload.startsWith("passed")
    const got = received.filter((payload) => !isEarly(payload) && counts(payload)).join()
    const due = expected.filter(counts).join()
    if (got !== due) faults.push(`got ${got}, expected ${due}`)
  }
  return faults
}

const property = (canRestart: boolean) =>
  fc.property(fc.array(anyStep(canRestart), { maxLength: 80, size: "max" }), (steps) => {
    const world = new RoomWorld()
    for (const step of steps) take(world, step)
    world.finish()
    for (const client of world.clients) expect(faultsOf(world, client)).toEqual([])
  })

describe("whatever comes in between", () => {
  it("everyone gets what is published after its position, once and in order, or is told of the gap", () => {
    fc.assert(property(false), { numRuns: 10_000 })
  })

  it("also where streams begin anew", () => {
    fc.assert(property(true), { numRuns: 10_000 })
  })
})
