/** Sessions against clients that say anything: 100,000 frames and more, each answered as the protocol has it. */
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Json from "../../../../src/protocol/centrifuge/json.ts"
import { CommandFields, EmulationRequestFields } from "../../../../src/protocol/centrifuge/messages.ts"
import * as Protobuf from "../../../../src/protocol/centrifuge/protobuf.ts"
import type { PlainAnswer } from "../../../../src/services/Transport.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import type { FakeClient } from "../../../support/sessions/FakeClient.ts"
import { Nonsense } from "../../../support/sessions/Nonsense.ts"
import { makeWorld, type SessionWorld } from "../../../support/sessions/SessionWorld.ts"

/** Ends that a client may bring about by what it says. */
const ENDS = new Set([3500, 3501, 3505, 3506, 3508])
const ERRORS = new Set([102, 103, 105, 106, 107, 108, 109, 110, 112])

const encoded = (frame: string): Uint8Array | undefined =>
  Json.decodeCommands(frame)
    ?.map((command) => Protobuf.delimited(Protobuf.encodeMessage(CommandFields, command)))
    .reduce<Buffer>((all, one) => Buffer.concat([all, one]), Buffer.alloc(0))

/** What the client of a wire says next. */
const frameOf = (random: Nonsense, isBinary: boolean): Uint8Array => {
  if (random.one(80)) return random.bytes()
  const text = random.commands()
  const frame = (isBinary ? encoded(text) : undefined) ?? Buffer.from(text)
  return random.one(12) ? random.damaged(frame) : frame
}

/** What is wrong with what a client was told. */
const faultsOf = (client: FakeClient, ids: ReadonlySet<number>): ReadonlyArray<string> => {
  const faults: Array<string> = []
  for (const line of client.lines) {
    let told: Record<string, unknown>
    try {
      told = JSON.parse(line)
    } catch {
      faults.push(`not JSON: ${line}`)
      continue
    }
    const { id, error, push, ...result } = told as { id?: number; error?: { code: number }; push?: object }
    if (id !== undefined && !ids.has(id)) faults.push(`nobody asked ${line}`)
    if (error !== undefined && !ERRORS.has(error.code)) faults.push(`unheard of: ${line}`)
    const parts = Number(error !== undefined) + Number(push !== undefined) + Object.keys(result).length
    if (parts !== 1 && line !== "{}") faults.push(`${parts} things in ${line}`)
  }
  const end = client.endedAs
  if (end !== undefined && !ENDS.has(end)) faults.push(`ended as ${end}`)
  if (client.closes > 1) faults.push(`closed ${client.closes} times`)
  return faults
}

/** Ids that a frame asks for, whoever reads it. */
const idsOf = (frame: Uint8Array): ReadonlyArray<number> =>
  (Json.decodeCommands(Buffer.from(frame).toString()) ?? []).map(({ id }) => id ?? 0)

/** However long a machine with other work takes for it: nobody is pinged meanwhile. */
const WITHOUT_PINGS = { settings: { "client.pingInterval": 0, "client.pongTimeout": 0 } }

const inWorld = (use: (world: SessionWorld) => Promise<void>) => {
  const logs = new CapturedLogs()
  return Effect.runPromise(
    Effect.scoped(Effect.flatMap(makeWorld(WITHOUT_PINGS), (world) => Effect.promise(() => use(world)))).pipe(
      Effect.provide(logs.layer)
    )
  ).then(() => expect(logs.lines).toEqual([]))
}

const anySeed = fc.integer({ min: 0, max: 0xffff_ffff })

describe("whatever a client says", () => {
  it(
    "it is answered, or the connection ends with why: JSON",
    () =>
      inWorld(async (world) => {
        const witness = world.connect()
        witness.say({ id: 2, subscribe: { channel: "a" } })
        let seen = witness.frames.length
        let frames = 0
        await fc.assert(
          fc.asyncProperty(anySeed, async (seed) => {
            const random = new Nonsense(seed)
            const client = random.one(10) ? world.open() : world.connect()
            const ids = new Set([1])
            for (let count = 0; count < 12 && client.endedAs === undefined; count++) {
              const frame = frameOf(random, false)
              for (const id of idsOf(frame)) ids.add(id)
              frames++
              client.say(frame)
              world.home.send()
            }
            // Tokens are looked at in a turn of their own.
            await Effect.runPromise(Effect.yieldNow)
            expect(faultsOf(client, ids)).toEqual([])
            client.leave()
            world.home.send()
            // Others are told who came and went, and what was published, and nothing else.
            for (const frame of witness.frames.slice(seen))
              expect(frame.toString()).toMatch(/^\{"push":\{"channel":"a",/)
            seen = witness.frames.length
          }),
          { numRuns: 32_000 }
        )
        expect(frames).toBeGreaterThan(100_000)
        expect(witness.endedAs).toBeUndefined()
        expect(world.home.rooms.size).toBe(1)
        expect(world.home.connections.size).toBe(1)
      }),
    60_000
  )

  it(
    "it is answered, or the connection ends with why: Protobuf, and transports without replies",
    () =>
      inWorld(async (world) => {
        await fc.assert(
          fc.asyncProperty(anySeed, async (seed) => {
            const random = new Nonsense(seed)
            const isUni = random.one(2)
            const client = world.open(
              isUni ? "/connection/uni_websocket" : "/connection/websocket?format=protobuf"
            )
            if (isUni) client.say("{}")
            else client.say(encoded('{"id":1,"connect":{}}')!)
            for (let count = 0; count < 12 && client.endedAs === undefined; count++) {
              client.say(frameOf(random, !isUni))
              world.home.send()
            }
            await Effect.runPromise(Effect.yieldNow)
            if (isUni) for (const line of client.lines) JSON.parse(line)
            if (client.endedAs !== undefined) expect(ENDS).toContain(client.endedAs)
            client.leave()
            world.home.send()
          }),
          { numRuns: 10_000 }
        )
        expect(world.home.rooms.size).toBe(0)
      }),
    60_000
  )

  it(
    "/emulation answers bodies that are none with 400, and the others with 204 or 404",
    () =>
      inWorld(async (world) => {
        const stream = await world.sessions.http({
          method: "POST",
          path: "/connection/http_stream",
          query: "",
          headers: new Map(),
          body: Buffer.from('{"id":1,"connect":{}}'),
          address: ""
        })
        if (stream === undefined || !("opening" in stream)) throw new Error("no stream")
        const client = world.open()
        stream.opening.open(client, world.home)
        const { session, node } = client.told[0].connect
        const statuses = new Map<number, number>()
        await fc.assert(
          fc.asyncProperty(anySeed, async (seed) => {
            const random = new Nonsense(seed)
            const isBinary = random.one(3)
            const request = {
              // Its own session would end at the first mistake; no damage makes that of the half of its id.
              session: random.one(2) ? session.slice(18) : random.of(["", "x", "__proto__"]),
              node: random.one(3) ? random.of(["", "x", "__proto__"]) : node,
              data: random.commands()
            }
            const body = isBinary
              ? Protobuf.encodeMessage(EmulationRequestFields, {
                  ...request,
                  data: Buffer.from(request.data)
                })
              : Buffer.from(JSON.stringify(request))
            const sent = random.one(2) ? body : random.one(10) ? random.bytes() : random.damaged(body)
            const answer = (await world.sessions.http({
              method: "POST",
              path: "/emulation",
              query: "",
              headers: new Map(isBinary ? [["content-type", "application/octet-stream"]] : []),
              body: Buffer.from(sent),
              address: ""
            })) as PlainAnswer
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          }),
          { numRuns: 20_000 }
        )
        expect([...statuses.keys()].sort()).toEqual([204, 400, 404])
        expect(client.lines).toHaveLength(1)
      }),
    60_000
  )
})
