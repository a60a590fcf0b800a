import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect } from "vitest"
import { Control, type ControlCommand } from "../../../../src/services/Control.ts"
import { LargestChannels } from "../../../../src/services/LargestChannels.ts"
import type { ToWorker } from "../../../../src/services/workers/messages.ts"
import { MAX_UNTAKEN_BYTES, WorkerPeer } from "../../../../src/services/workers/WorkerPeer.ts"
import { layerControl, layerLargest, WorkerRoster } from "../../../../src/services/workers/WorkerRoster.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
const begin = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })
const isDone = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.pollUnsafe() !== undefined

const leave = (user: string): ControlCommand => ({ _tag: "Unsubscribe", user, channel: "a" })

/** A worker that serves, with what it was sent, until its scope closes. */
const join = Effect.fnUntraced(function* (node: string, isServing = true) {
  const sent: Array<ToWorker> = []
  const leaving: Array<() => void> = []
  const peer = new WorkerPeer(`worker-${node}`, node, (message, left) => {
    sent.push(message)
    leaving.push(left)
  })
  peer.isServing = isServing
  const scope = yield* Scope.make()
  yield* Scope.provide((yield* WorkerRoster).join(peer), scope)
  return {
    peer,
    sent,
    /** Lets the messages leave the process that were sent so far. */
    leave: () => {
      for (const left of leaving.splice(0)) left()
    },
    end: Scope.close(scope, Effect.runSync(Effect.exit(Effect.void)))
  }
})

const infoOf = (uid: string) => ({
  uid,
  name: `worker-${uid}`,
  version: "1",
  numClients: 2,
  numUsers: 1,
  numChannels: 1,
  numSubs: 2,
  uptime: 5
})

type Env = Control | LargestChannels | WorkerRoster | Scope.Scope
const layer = Layer.provideMerge(Layer.merge(layerControl, layerLargest), WorkerRoster.layer)

const test = (name: string, body: () => Effect.Effect<void, unknown, Env>) =>
  it.effect(name, () => Effect.provide(body(), layer))

describe("commands of the server API", () => {
  test("go to every worker that serves, one message for each turn, in order", () =>
    Effect.gen(function* () {
      const { apply } = yield* Control
      const [one, two, starting] = [yield* join("1"), yield* join("2"), yield* join("3", false)]
      for (const user of ["u1", "u2"]) yield* begin(apply(leave(user)))
      yield* turn
      yield* begin(apply(leave("u3")))
      yield* turn
      for (const { sent } of [one, two])
        expect(sent).toEqual([
          { _tag: "Control", commands: [leave("u1"), leave("u2")] },
          { _tag: "Control", commands: [leave("u3")] }
        ])
      expect(starting.sent).toEqual([])
    }))

  test("are on their way when they have left for all of them", () =>
    Effect.gen(function* () {
      const { apply } = yield* Control
      const [one, two] = [yield* join("1"), yield* join("2")]
      const applied = yield* begin(apply(leave("u")))
      yield* turn
      one.leave()
      expect(isDone(applied)).toBe(false)
      two.leave()
      yield* Fiber.join(applied)
    }))

  test("have nobody to wait for where no worker serves", () =>
    Effect.gen(function* () {
      yield* (yield* Control).apply(leave("u"))
    }))
})

describe("what workers hold", () => {
  test("is told by each of them; who asks meanwhile shares the answer", () =>
    Effect.gen(function* () {
      const control = yield* Control
      const [one, two] = [yield* join("1"), yield* join("2")]
      const [first, second] = [yield* begin(control.nodes), yield* begin(control.nodes)]
      expect([one.sent, two.sent]).toEqual([[{ _tag: "TellNode" }], [{ _tag: "TellNode" }]])
      one.peer.noteNode(infoOf("1"))
      two.peer.noteNode(infoOf("2"))
      expect((yield* Fiber.join(first)).map(({ uid }) => uid)).toEqual(["1", "2"])
      expect((yield* Fiber.join(second)).map(({ uid }) => uid)).toEqual(["1", "2"])
    }))

  test("adds up by channel", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* join("1"), yield* join("2")]
      const asked = yield* begin((yield* Control).channels)
      one.peer.noteChannels([
        ["a", 2],
        ["b", 1]
      ])
      two.peer.noteChannels([["a", 3]])
      expect([...(yield* Fiber.join(asked))]).toEqual([
        ["a", 5],
        ["b", 1]
      ])
    }))

  test("of one that does not tell within a second, or dies, is left out", () =>
    Effect.gen(function* () {
      const logs = new CapturedLogs()
      const control = yield* Control
      const [one, two, three] = [yield* join("1"), yield* join("2"), yield* join("3")]
      const [nodes, channels] = yield* Effect.provide(
        Effect.all([begin(control.nodes), begin(control.channels)]),
        logs.layer
      )
      one.peer.noteNode(infoOf("1"))
      one.peer.noteChannels([["a", 1]])
      yield* three.end
      yield* TestClock.adjust("999 millis")
      expect([isDone(nodes), isDone(channels)]).toEqual([false, false])
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(nodes)).map(({ uid }) => uid)).toEqual(["1"])
      expect([...(yield* Fiber.join(channels))]).toEqual([["a", 1]])
      expect(logs.texts()).toEqual([
        "worker-2 has not told what it holds in time",
        "worker-2 has not told its channels in time"
      ])
      // What it tells later is the answer to who asks then, or to nobody.
      two.peer.noteNode(infoOf("2"))
      expect(yield* begin(control.nodes).pipe(Effect.map(isDone))).toBe(false)
    }))
})

describe("commands of clients for another worker", () => {
  test("reach the one of that id, in order, and are done when it has them", () =>
    Effect.gen(function* () {
      const { emulate } = yield* WorkerRoster
      const [one, two] = [yield* join("1"), yield* join("2", false)]
      const done = yield* begin(emulate("2", "s", Buffer.from("a")))
      yield* begin(emulate("2", "t", Buffer.from("b")))
      yield* turn
      expect(two.sent).toEqual([
        {
          _tag: "Emulated",
          frames: [
            { session: "s", data: Buffer.from("a") },
            { session: "t", data: Buffer.from("b") }
          ]
        }
      ])
      expect([one.sent, isDone(done)]).toEqual([[], false])
      two.leave()
      expect(isDone(done)).toBe(false)
      const later = yield* begin(emulate("2", "s", Buffer.from("c")))
      yield* turn
      two.peer.noteTaken()
      expect(yield* Fiber.join(done)).toBe(true)
      expect(isDone(later)).toBe(false)
      two.peer.noteTaken()
      expect(yield* Fiber.join(later)).toBe(true)
    }))

  test("have nowhere to go where no worker has that id, or none any more", () =>
    Effect.gen(function* () {
      const { emulate } = yield* WorkerRoster
      const one = yield* join("1")
      expect(yield* emulate("2", "s", Buffer.from("a"))).toBe(false)
      yield* one.end
      expect(yield* emulate("1", "s", Buffer.from("a"))).toBe(false)
    }))

  test("are done where their worker goes away, as their sessions are gone with it", () =>
    Effect.gen(function* () {
      const { emulate } = yield* WorkerRoster
      const one = yield* join("1")
      const sent = yield* begin(emulate("1", "s", Buffer.from("a")))
      yield* turn
      const unsent = yield* begin(emulate("1", "s", Buffer.from("b")))
      yield* one.end
      expect(yield* Fiber.join(sent)).toBe(true)
      expect(yield* Fiber.join(unsent)).toBe(true)
    }))

  test("fail at once while too many bytes were not taken; a single one may have more", () =>
    Effect.gen(function* () {
      const { emulate } = yield* WorkerRoster
      const one = yield* join("1")
      yield* begin(emulate("1", "s", Buffer.alloc(MAX_UNTAKEN_BYTES + 1)))
      const error = yield* Effect.flip(emulate("1", "s", Buffer.alloc(1)))
      expect(error.message).toMatch(/worker-1 does not read/)
      yield* turn
      one.peer.noteTaken()
      expect(isDone(yield* begin(emulate("1", "s", Buffer.alloc(1))))).toBe(false)
    }))
})

describe("the largest channels of all workers", () => {
  /** What it was asked last. */
  const asked = ({ sent }: { readonly sent: ReadonlyArray<ToWorker> }) => sent.at(-1)

  test("are found among those that each names, and counted over all of them", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* join("1"), yield* join("2")]
      const finding = yield* begin((yield* LargestChannels).find(2))
      expect([asked(one), asked(two)]).toEqual(Array(2).fill({ _tag: "TellLargest", limit: 4 }))
      one.peer.noteLargest([
        ["a", 5],
        ["b", 4],
        ["c", 3]
      ])
      two.peer.noteLargest([
        ["c", 9],
        ["d", 1]
      ])
      yield* Effect.yieldNow
      expect([asked(one), asked(two)]).toEqual(Array(2).fill({ _tag: "TellSizes", channels: ["c", "a"] }))
      one.peer.noteSizes([
        ["c", 3],
        ["a", 5]
      ])
      // Not among its largest, and counted all the same.
      two.peer.noteSizes([
        ["c", 9],
        ["a", 8]
      ])
      expect(yield* Fiber.join(finding)).toEqual([
        ["a", 13],
        ["c", 12]
      ])
    }))

  test("are those of the others where one dies meanwhile", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* join("1"), yield* join("2")]
      const finding = yield* begin((yield* LargestChannels).find(2))
      one.peer.noteLargest([["a", 5]])
      yield* two.end
      yield* Effect.yieldNow
      one.peer.noteSizes([["a", 6]])
      expect(yield* Fiber.join(finding)).toEqual([["a", 6]])
    }))
})
