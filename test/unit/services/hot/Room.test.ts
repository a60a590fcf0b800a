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

type Step = (world: RoomWorld) => void

/** One of those that are there, if any. */
const withClient =
  (at: number, use: (world: RoomWorld, client: RoomClient) => void): Step =>
  (world) => {
    const client = world.clients[at % Math.max(1, world.clients.length)]
    if (client !== undefined) use(world, client)
  }

/** @param canLose whether the stream may begin anew; the mailbox overflows by itself */
const anyStep = (canLose: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record({ isDelta: fc.boolean(), tag: fc.constantFrom("x", "y"), hasHistory: fc.boolean() })
        .map(
          (options): Step =>
            (world) =>
              world.publish({ ...options, hasHistory: options.hasHistory || options.isDelta })
        )
    },
    {
      weight: 5,
      arbitrary: anyKind.map(
        (kind): Step =>
          (world) =>
            world.subscribe(kind)
      )
    },
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.nat(20), fc.option(fc.nat(20), { nil: undefined }))
        .map(([at, since]) => withClient(at, (world, client) => world.settle(client, since)))
    },
    {
      weight: 6,
      arbitrary: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 })).map(
        ([most, size]): Step =>
          (world) =>
            world.beginDrain(most, size)
      )
    },
    { weight: 10, arbitrary: fc.constant<Step>((world) => world.slice()) },
    { weight: 2, arbitrary: fc.nat(20).map((at) => withClient(at, (world, client) => world.leave(client))) },
    { weight: 1, arbitrary: fc.constant<Step>((world) => world.join()) },
    { weight: canLose ? 1 : 0, arbitrary: fc.constant<Step>((world) => world.restart()) }
  )

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

const property = (canLose: boolean) =>
  fc.property(fc.array(anyStep(canLose), { maxLength: 80, size: "max" }), (steps) => {
    const world = new RoomWorld()
    for (const step of steps) step(world)
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
