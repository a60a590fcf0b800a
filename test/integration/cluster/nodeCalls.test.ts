import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import { packed } from "../../../src/services/cluster/packed.ts"
import { Hub } from "../../../src/services/Hub.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { known, startNode, startNodes, type TestNode } from "../../support/cluster/nodes.ts"
import { NatsProxy } from "../../support/nats/NatsProxy.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"
import { untilUp } from "../../support/nats/untilUp.ts"

/** Nodes that beat so seldom know only what is said at once: who comes, and who ends. */
const LATER = "1 hour"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const names = ({ roster }: TestNode<never>) =>
  roster
    .others()
    .map(({ name }) => name)
    .sort()

/** Of one metric. */
const value = ({ context }: TestNode<never>, name: string) =>
  Effect.map(
    Context.get(context, Metrics).known,
    (samples) => samples.find((sample) => sample.name === name)?.value
  )

describe.skipIf(noNatsServer !== undefined)(`nodes of a cluster ${noNatsServer ?? ""}`, () => {
  it("know each other from their start to their end, with the connections of all", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = yield* startNodes([server], 2, Layer.empty, LATER)
        expect(names(a!)).toEqual(["node-1"])
        expect(names(b!)).toEqual(["node-0"])
        for (const { context } of [a!, b!])
          yield* Context.get(context, Hub).join({ size: 5, offer: () => true })
        const c = yield* startNode([server], "node-2", Layer.empty, LATER)
        yield* known(c.roster, 2)
        expect(c.roster.connections()).toBe(10)
        expect(yield* value(c, "clarion_cluster_nodes")).toBe(3)
        yield* b!.stop
        yield* known(c.roster, 1)
        yield* known(a!.roster, 1)
        expect(names(c)).toEqual(["node-0"])
      })
    ))

  it("that are lost without a word are gone soon; one that is cut off knows that it is alone, and comes back", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = yield* startNodes([server], 2, Layer.empty)
        // It says nothing any more, and its subscription stays.
        const link = Context.get(b!.context, NatsLink)
        link.connection.publish = () => {}
        yield* known(a!.roster, 0)
        expect(names(b!)).toEqual(["node-0"])
        const alone = yield* Effect.forkChild(known(b!.roster, 0), { startImmediately: true })
        yield* Effect.promise(() => server.kill())
        yield* Fiber.join(alone)
        const c = Effect.andThen(
          Effect.promise(() => server.start()),
          startNode([server], "node-2", Layer.empty)
        )
        yield* known((yield* c).roster, 1)
        yield* known(a!.roster, 1)
        expect(names(a!)).toEqual(["node-2"])
      })
    ))

  it("ask one, and all others, and are answered by name", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const nodes = yield* startNodes([server], 3, Layer.empty)
        const [a, b] = nodes as [TestNode<never>, TestNode<never>]
        for (const { calls, name } of nodes)
          yield* calls.serve("TellSizes", ({ channels }) =>
            Effect.succeed({ _tag: "Channels", counts: [[`${channels[0]} at ${name}`, 1]] })
          )
        const question = { _tag: "TellSizes", channels: ["x"] } as const
        const { answers, missing } = yield* a.calls.askOthers(question)
        expect(missing).toEqual([])
        expect(answers.map(({ node, answer }) => [node.name, answer.counts]).sort()).toEqual([
          ["node-1", [["x at node-1", 1]]],
          ["node-2", [["x at node-2", 1]]]
        ])
        expect((yield* a.calls.ask(b.uid, question))?.counts).toEqual([["x at node-1", 1]])
        expect(yield* a.calls.ask("nobody", question)).toBeUndefined()
      })
    ))

  it("answers longer than a message of NATS come as a whole", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats({ configuration: "max_payload: 1000" })
        const [a, b] = yield* startNodes([server], 2, Layer.empty)
        const channels = Array.from({ length: 500 }, (_, at) => `channel-${at}`)
        yield* b!.calls.serve("TellSizes", (question) =>
          Effect.succeed({ _tag: "Channels", counts: question.channels.map((channel) => [channel, 1]) })
        )
        const { answers } = yield* a!.calls.askOthers({ _tag: "TellSizes", channels })
        expect(answers[0]?.answer.counts).toEqual(channels.map((channel) => [channel, 1]))
      })
    ))

  it("that do not answer in time, fail, answer something else, or go, are missing by name", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const nodes = yield* startNodes([server], 5, Layer.empty)
        const [a, silent, failing, other, going] = nodes as Array<TestNode<never>>
        const isAsked = yield* Deferred.make<void>()
        yield* silent!.calls.serve("TellChannels", () => Effect.never)
        yield* failing!.calls.serve("TellChannels", () => Effect.die("a mistake of the program"))
        yield* other!.calls.serve("TellChannels", () => Effect.succeed({ _tag: "Done" } as never))
        yield* going!.calls.serve("TellChannels", () =>
          Effect.andThen(Deferred.succeed(isAsked, undefined), Effect.never)
        )
        const asking = yield* Effect.forkChild(a!.calls.askOthers({ _tag: "TellChannels" }, "1 second"), {
          startImmediately: true
        })
        yield* Deferred.await(isAsked)
        yield* going!.stop
        const { answers, missing } = yield* Fiber.join(asking)
        expect(answers).toEqual([])
        expect([...missing].sort()).toEqual(["node-1", "node-2", "node-3", "node-4"])
        // One that goes is not waited for.
        yield* Effect.forkChild(silent!.stop)
        const error = yield* Effect.flip(a!.calls.ask(silent!.uid, { _tag: "TellChannels" }, "1 minute"))
        expect(error.message).toContain("node-1 has not answered")
      })
    ))

  it("fail at once while NATS is away, also what was under way", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = yield* startNodes([server], 2, Layer.empty)
        const isAsked = yield* Deferred.make<void>()
        yield* b!.calls.serve("TellChannels", () =>
          Effect.andThen(Deferred.succeed(isAsked, undefined), Effect.never)
        )
        const asking = yield* Effect.forkChild(
          Effect.flip(a!.calls.askOthers({ _tag: "TellChannels" }, "1 minute")),
          { startImmediately: true }
        )
        yield* Deferred.await(isAsked)
        yield* Effect.promise(() => server.kill())
        expect(yield* Fiber.join(asking)).toBeInstanceOf(BrokerUnavailable)
        const question = { _tag: "TellChannels" } as const
        expect(yield* Effect.flip(a!.calls.askOthers(question))).toBeInstanceOf(BrokerUnavailable)
        // Nobody is taken for gone.
        for (const uid of [b!.uid, "nobody"])
          expect(yield* Effect.flip(a!.calls.ask(uid, question))).toBeInstanceOf(BrokerUnavailable)
      })
    ))

  it("that are not back yet when NATS is are missing, and not left out", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const way = yield* NatsProxy.before(server)
        const a = yield* startNode([server], "node-0", Layer.empty, LATER)
        const b = yield* startNode([way], "node-1", Layer.empty, LATER)
        yield* known(a.roster, 1)
        yield* b.calls.serve("TellChannels", () => Effect.succeed({ _tag: "Channels", counts: [] }))
        yield* Effect.promise(() => server.kill())
        for (const { context } of [a, b]) yield* untilUp(Context.get(context, NatsLink), false)
        way.cut()
        yield* Effect.promise(() => server.start())
        yield* untilUp(Context.get(a.context, NatsLink), true)
        const question = { _tag: "TellChannels" } as const
        expect(yield* a.calls.askOthers(question, "100 millis")).toEqual({ answers: [], missing: ["node-1"] })
        expect((yield* Effect.flip(a.calls.ask(b.uid, question, "100 millis"))).message).toContain(
          "node-1 has not answered"
        )
        const back = yield* Effect.forkChild(known(b.roster, 1), { startImmediately: true })
        way.restore()
        yield* Fiber.join(back)
        expect(yield* a.calls.ask(b.uid, question)).toEqual({ _tag: "Channels", counts: [] })
      })
    ))

  it("that NATS keeps apart, as it hangs, are missing, and not left out", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = (yield* startNodes([server], 2, Layer.empty)) as [TestNode<never>, TestNode<never>]
        const answer = { _tag: "Channels", counts: [] } as const
        yield* b.calls.serve("TellChannels", () => Effect.succeed(answer))
        const ask = a.calls.askOthers({ _tag: "TellChannels" }, "500 millis")
        server.pause()
        // It may have carried something before it noticed.
        while ((yield* ask).missing.length === 0);
        // Ten beats later.
        expect(yield* ask).toEqual({ answers: [], missing: ["node-1"] })
        server.resume()
        while ((yield* ask).missing.length > 0);
        expect(names(a)).toEqual(["node-1"])
      })
    ))

  it("what strangers send harms nobody, and is counted", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = yield* startNodes([server], 2, Layer.empty)
        const { connection, subjects } = Context.get(b!.context, NatsLink)
        for (const junk of ["", "{}", packed({ uid: 7 }), packed({ _tag: "Ask", id: 1, question: {} })])
          for (const subject of [subjects.beats, subjects.nodes, subjects.node(a!.uid)])
            connection.publish(subject, junk)
        yield* a!.calls.serve("TellChannels", () => Effect.succeed({ _tag: "Channels", counts: [] }))
        expect((yield* b!.calls.askOthers({ _tag: "TellChannels" })).missing).toEqual([])
        expect(yield* value(a!, "clarion_cluster_beats_unreadable_total")).toBe(4)
        expect(yield* value(a!, "clarion_cluster_letters_unreadable_total")).toBe(8)
        expect(names(a!)).toEqual(["node-1"])
      })
    ))
})
