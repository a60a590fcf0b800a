import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { ServerConfig } from "../../../../src/config/ServerConfig.ts"
import { beatMs, MAX_HEARD_BEATS, MAX_NODES } from "../../../../src/services/cluster/KnownNodes.ts"
import { NodeCalls } from "../../../../src/services/cluster/NodeCalls.ts"
import { NodePost } from "../../../../src/services/cluster/NodePost.ts"
import { packed } from "../../../../src/services/cluster/packed.ts"
import { Roster } from "../../../../src/services/cluster/Roster.ts"
import { Hub } from "../../../../src/services/Hub.ts"
import { Metrics } from "../../../../src/services/Metrics.ts"
import { NatsLink } from "../../../../src/services/nats/NatsLink.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import { FakeBus } from "../../../support/cluster/FakeBus.ts"
import { type NatsSettings, natsConfig } from "../../../support/nats/natsLink.ts"

const uidOf = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`

/** A node with a real roster. Its ticks wait while it is suspended, and its clock goes on. */
const startNode = Effect.fnUntraced(function* (
  bus: FakeBus,
  at: number,
  server = "one",
  settings: NatsSettings = {},
  logs?: CapturedLogs
) {
  const link = bus.link(uidOf(at), server)
  const scope = yield* Scope.make()
  const clock = yield* Clock.clockWith(Effect.succeed)
  const runs = Latch.makeUnsafe(true)
  const own: Clock.Clock = Object.create(clock, {
    sleep: { value: (duration: never) => Effect.andThen(clock.sleep(duration), runs.await) }
  })
  const context = yield* Layer.buildWithScope(
    NodeCalls.layer.pipe(
      Layer.provide(NodePost.layer),
      Layer.provideMerge(Roster.layer()),
      Layer.provide([
        Hub.layer,
        Metrics.layer,
        Layer.succeed(NatsLink, link.service),
        Layer.sync(ServerConfig, () => ({
          ...natsConfig([{ url: "nats://127.0.0.1:1" }], settings),
          node: { name: `node-${at}` }
        }))
      ])
    ),
    scope
  ).pipe(
    Effect.provideService(Clock.Clock, own),
    logs === undefined
      ? Effect.provideService(References.MinimumLogLevel, "None")
      : Effect.provide(logs.layer)
  )
  const roster = Context.get(context, Roster)
  const changes: Array<string> = []
  yield* Effect.provideService(
    roster.onChange((_, isThere, name) => changes.push(`${isThere ? "+" : "-"}${name}`)),
    Scope.Scope,
    scope
  )
  yield* TestClock.adjust(0)
  return {
    link,
    roster,
    calls: Context.get(context, NodeCalls),
    changes,
    names: () => roster.others().map(({ name }) => name),
    /** Times that it has told all that it is there. */
    beats: () => link.sent.filter((subject) => subject === bus.subjects.beats).length,
    suspend: Effect.sync(() => {
      runs.closeUnsafe()
      link.suspend()
    }),
    resume: Effect.suspend(() => {
      runs.openUnsafe()
      link.resume()
      return TestClock.adjust(0)
    }),
    clock: own,
    /** As `resume`, in the order of Node.js: timers that are late come before what is to be read. */
    wake: () => {
      runs.openUnsafe()
      queueMicrotask(() => link.resume())
    },
    end: Scope.close(scope, Exit.void)
  }
})

const strange = (at: number, more: object = {}) =>
  packed({
    uid: uidOf(at),
    name: `node-${at}`,
    version: "1",
    server: "one",
    connections: 1,
    nextMs: 3_600_000,
    ...more
  })

/** The node hears of so many others that say nothing more for an hour. */
const crowd = (bus: FakeBus, node: { readonly link: ReturnType<FakeBus["link"]> }, count: number) => {
  for (let at = 0; at < count; at++) node.link.take(bus.subjects.beats, strange(1_000_000 + at))
}

describe("beats", () => {
  it("are so seldom that nobody hears more than so many in a tick", () => {
    expect([0, 1, 200, 201, 400, 2569, 4095].map((others) => beatMs(others, 1000))).toEqual([
      1000, 1000, 1000, 2000, 2000, 13_000, 21_000
    ])
    for (let others = 1; others < MAX_NODES; others++)
      expect((others * 1000) / beatMs(others, 1000)).toBeLessThanOrEqual(MAX_HEARD_BEATS)
  })

  it.effect("come each second in a small cluster, and more seldom in a large one", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const node = yield* startNode(bus, 1)
      expect(node.beats()).toBe(1)
      yield* TestClock.adjust("10 seconds")
      expect(node.beats()).toBe(11)
      crowd(bus, node, 600)
      expect(node.roster.connections()).toBe(600)
      yield* TestClock.adjust("61 seconds")
      // The one that was promised before, and every third second.
      expect(node.beats()).toBe(11 + 1 + 20)
    })
  )

  it.effect("go on after one that the connection did not take", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      a.link.isBroken = true
      yield* TestClock.adjust("10 seconds")
      expect(b.names()).toEqual([])
      a.link.isBroken = false
      yield* TestClock.adjust("1 second")
      expect(b.names()).toEqual(["node-1"])
    })
  )

  it.effect("ask nobody but who comes to be told of all at once, which no one else hears", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      const before = [a.beats(), b.beats()]
      const c = yield* startNode(bus, 3)
      expect(c.names()).toEqual(["node-1", "node-2"])
      expect([a.names(), b.names()]).toEqual([
        ["node-2", "node-3"],
        ["node-1", "node-3"]
      ])
      expect([a.beats(), b.beats()]).toEqual(before)
      yield* c.end
      expect([a.names(), b.names()]).toEqual([["node-2"], ["node-1"]])
    })
  )
})

describe("silence", () => {
  it.effect("is judged by what each has said of itself, while nodes think of different numbers", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [few, many] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      crowd(bus, many, 2569)
      yield* TestClock.adjust("10 minutes")
      expect(few.changes).toEqual(["+node-2"])
      expect(many.names()).toContain("node-1")
      // Each second the one, every thirteenth the other.
      expect(few.beats()).toBeGreaterThan(600)
      expect(many.beats()).toBeLessThan(50)
    })
  )

  it.effect("of one that is killed is noticed after four seconds in a small cluster", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      yield* TestClock.adjust("10 seconds")
      b.link.isUp = false
      yield* TestClock.adjust("3 seconds")
      expect(a.names()).toEqual(["node-2"])
      yield* TestClock.adjust("1 second")
      expect(a.names()).toEqual([])
    })
  )

  it.effect("of a large cluster is noticed when two beats are missing", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      crowd(bus, b, 599)
      yield* TestClock.adjust("1 second")
      b.link.isUp = false
      yield* TestClock.adjust("7 seconds")
      expect(a.names()).toEqual(["node-2"])
      yield* TestClock.adjust("1 second")
      expect(a.names()).toEqual([])
    })
  )

  it.effect("is broken by who is doubted and lives, and who is dead is gone soon", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      crowd(bus, b, 4000)
      yield* TestClock.adjust("2 seconds")
      a.roster.doubt(uidOf(2))
      yield* TestClock.adjust("15 seconds")
      expect(a.changes).toEqual(["+node-2"])
      b.link.isUp = false
      const sent = a.link.sent.length
      for (let times = 0; times < 10; times++) a.roster.doubt(uidOf(2))
      // It is asked once.
      expect(a.link.sent.length).toBe(sent + 1)
      yield* TestClock.adjust("3 seconds")
      expect(a.names()).toEqual(["node-2"])
      yield* TestClock.adjust("1 second")
      expect(a.names()).toEqual([])
      a.roster.doubt("nobody")
    })
  )

  it.effect("is broken off for who owes an answer", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      crowd(bus, b, 4000)
      yield* TestClock.adjust("2 seconds")
      b.link.isUp = false
      const asking = yield* Effect.forkChild(Effect.flip(a.calls.ask(uidOf(2), { _tag: "TellServer" })), {
        startImmediately: true
      })
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(asking)).message).toContain("node-2 has not answered")
      expect(a.names()).toEqual(["node-2"])
      yield* TestClock.adjust("4 seconds")
      expect(a.names()).toEqual([])
    })
  )

  it.effect("is none of who has answered while this process had no turn, until time was over", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      yield* b.calls.serve("TellServer", () => Effect.succeed({ _tag: "Server", id: "two" }))
      yield* a.suspend
      const asking = yield* Effect.forkChild(
        Effect.provideService(a.calls.ask(uidOf(2), { _tag: "TellServer" }), Clock.Clock, a.clock),
        { startImmediately: true }
      )
      yield* TestClock.adjust("2 seconds")
      a.wake()
      expect(yield* Fiber.join(asking)).toEqual({ _tag: "Server", id: "two" })
    })
  )

  it.effect("of a small cluster is judged as ever, whoever is in doubt", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
      yield* TestClock.adjust("1 second")
      b.link.isUp = false
      yield* TestClock.adjust("2 seconds")
      const sent = a.link.sent.length
      a.roster.doubt(uidOf(2))
      expect(a.link.sent.length).toBe(sent)
      yield* TestClock.adjust("2 seconds")
      expect(a.names()).toEqual([])
    })
  )

  it.effect(
    "of all others accuses nobody while this node is suspended; they hear at once that it is back",
    () =>
      Effect.gen(function* () {
        const bus = new FakeBus()
        const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
        crowd(bus, b, 600)
        yield* TestClock.adjust("2 seconds")
        yield* b.suspend
        yield* TestClock.adjust("1 minute")
        expect(a.names()).toEqual([])
        yield* b.resume
        expect(b.changes.filter((change) => change.startsWith("-"))).toEqual([])
        expect(a.changes).toEqual(["+node-2", "-node-2", "+node-2"])
      })
  )

  it.effect(
    "while NATS hangs accuses nobody, as nobody hears itself; but for no longer than the connection stands that",
    () =>
      Effect.gen(function* () {
        const bus = new FakeBus()
        const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
        yield* TestClock.adjust("10 seconds")
        bus.hang()
        yield* TestClock.adjust("6 seconds")
        bus.goOn()
        yield* TestClock.adjust("1 minute")
        expect([a.changes, b.changes]).toEqual([["+node-2"], []])
        // One that is lost meanwhile is noticed as late as NATS hangs.
        bus.hang()
        b.link.isUp = false
        yield* TestClock.adjust("5 seconds")
        bus.goOn()
        yield* TestClock.adjust("2 seconds")
        expect(a.names()).toEqual(["node-2"])
        yield* TestClock.adjust("2 seconds")
        expect(a.names()).toEqual([])
        // A node that hears its own beats never is none that may doubt nobody.
        b.link.isUp = true
        yield* TestClock.adjust("1 second")
        bus.hang()
        yield* TestClock.adjust("9 seconds")
        expect(a.names()).toEqual(["node-2"])
        yield* TestClock.adjust("2 seconds")
        expect(a.names()).toEqual([])
      })
  )

  it.effect("of NATS is being alone; who is back knows all at once, also those that are not back", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const nodes = [yield* startNode(bus, 1), yield* startNode(bus, 2), yield* startNode(bus, 3)] as const
      const [a, b, c] = nodes
      crowd(bus, b, 600)
      for (const { link } of nodes) link.set(false)
      expect(nodes.map(({ names }) => names())).toEqual([[], [], []])
      yield* TestClock.adjust("1 minute")
      b.link.server = "two"
      b.link.set(true)
      expect(b.names().slice(0, 2)).toEqual(["node-1", "node-3"])
      // Whoever asks is told that they are missing, and does not take them for gone.
      b.roster.doubt(uidOf(1))
      yield* TestClock.adjust("2 seconds")
      a.link.set(true)
      expect(a.names()).toEqual(["node-2", "node-3"])
      expect(a.roster.others()[0]?.server).toBe("two")
      yield* TestClock.adjust("1 second")
      expect(b.names().length).toBe(602)
      // What has not come back by then is gone, whatever it had promised.
      yield* TestClock.adjust("1 second")
      expect(b.names()).toEqual(["node-1"])
      yield* TestClock.adjust("10 seconds")
      expect(a.names()).toEqual(["node-2"])
      c.link.set(true)
      expect(nodes.map(({ names }) => names().length)).toEqual([2, 2, 2])
    })
  )

  it.effect("of who comes back later than others is no reason to doubt it before it had time to", () =>
    Effect.gen(function* () {
      const bus = new FakeBus()
      const wait = { reconnectWait: "10 seconds", reconnectJitter: "5 seconds" } as const
      const [a, b] = [yield* startNode(bus, 1, "one", wait), yield* startNode(bus, 2, "one", wait)]
      for (const { link } of [a, b]) link.set(false)
      a.link.set(true)
      a.roster.doubt(uidOf(2))
      yield* TestClock.adjust("31 seconds")
      expect(a.names()).toEqual(["node-2"])
      yield* TestClock.adjust("1 second")
      expect(a.names()).toEqual([])
      b.link.set(true)
      expect(a.names()).toEqual(["node-2"])
      // One that leaves while this node is away is gone soon after its return.
      a.link.set(false)
      yield* b.end
      a.link.set(true)
      expect(a.names()).toEqual(["node-2"])
      yield* TestClock.adjust("32 seconds")
      expect(a.names()).toEqual([])
    })
  )
})

it.effect("names that would forge a line of the log are not read", () =>
  Effect.gen(function* () {
    const bus = new FakeBus()
    const node = yield* startNode(bus, 1)
    for (const bad of ["a\nb", "a\r", "\u001b[2J", "\u2028", "\u0085"])
      for (const member of ["name", "version", "server"])
        bus.publish(bus.subjects.beats, strange(7, { [member]: bad }))
    expect(node.names()).toEqual([])
    bus.publish(bus.subjects.beats, strange(7, { name: "übrig 7" }))
    expect(node.names()).toEqual(["übrig 7"])
  })
)

it.effect("beats longer than any name makes them are not read", () =>
  Effect.gen(function* () {
    const bus = new FakeBus()
    const node = yield* startNode(bus, 1)
    bus.publish(bus.subjects.beats, strange(7, { more: "x".repeat(2000) }))
    expect(node.names()).toEqual([])
    const [name, version] = ["\u4e2d".repeat(255), "\u4e2d".repeat(64)]
    bus.publish(bus.subjects.beats, strange(7, { name, version, server: "N".repeat(255) }))
    expect(node.names()).toEqual([name])
  })
)

it.effect("promises of more than an hour are not believed, nor more nodes than there may be", () =>
  Effect.gen(function* () {
    const bus = new FakeBus()
    const node = yield* startNode(bus, 1)
    for (const nextMs of [0, -1, 1.5, 3_600_001, "1"]) bus.publish(bus.subjects.beats, strange(7, { nextMs }))
    expect(node.names()).toEqual([])
    crowd(bus, node, MAX_NODES + 10)
    expect(node.names().length).toBe(MAX_NODES)
  })
)

it.effect("what nodes have to be alike in is told by each, and what is wrong by all", () =>
  Effect.gen(function* () {
    const bus = new FakeBus()
    const [a, b] = [yield* startNode(bus, 1), yield* startNode(bus, 2)]
    yield* TestClock.adjust("5 seconds")
    expect([a.roster.problems(), b.roster.problems()]).toEqual([[], []])
    bus.publish(bus.subjects.beats, strange(7, { name: "odd", configuration: "another" }))
    for (const { roster } of [a, b])
      expect(roster.problems()).toEqual([expect.stringMatching(/otherwise .*: odd$/)])
  })
)

it.effect("while NATS is away nothing is said of other nodes; who is not back with it is gone then", () =>
  Effect.gen(function* () {
    const bus = new FakeBus()
    const logs = new CapturedLogs()
    const a = yield* startNode(bus, 1, "one", {}, logs)
    const [b, c] = [yield* startNode(bus, 2), yield* startNode(bus, 3)]
    const odd = strange(7, { name: "odd", configuration: "another" })
    bus.publish(bus.subjects.beats, odd)
    yield* TestClock.adjust("2 seconds")
    const said = logs.texts().length
    for (const { link } of [a, b, c]) link.set(false)
    yield* TestClock.adjust("1 minute")
    yield* c.end
    expect(logs.texts().slice(said)).toEqual([])
    for (const { link } of [a, b]) link.set(true)
    bus.publish(bus.subjects.beats, odd)
    yield* TestClock.adjust("20 seconds")
    expect(logs.texts().slice(said)).toEqual(["node node-3 is gone; nodes that are known: 3"])
  })
)
