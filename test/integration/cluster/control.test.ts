import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import { Control, type ControlCommand, type NodeInfo } from "../../../src/services/Control.ts"
import { NodeCalls } from "../../../src/services/cluster/NodeCalls.ts"
import { layerEmulation, layerOverNodes } from "../../../src/services/cluster/NodeControl.ts"
import { Roster } from "../../../src/services/cluster/Roster.ts"
import { Emulation } from "../../../src/services/Emulation.ts"
import { LargestChannels } from "../../../src/services/LargestChannels.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { known, startNodes, type TestNode } from "../../support/cluster/nodes.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

/** What the nodes hold, by their names. */
const channels: Readonly<Record<string, ReadonlyArray<readonly [string, number]>>> = {
  "node-0": [
    ["news", 2],
    ["own-0", 1]
  ],
  "node-1": [
    ["news", 3],
    ["own-1", 7]
  ],
  "node-2": []
}

const infoOf = (uid: string, name: string): NodeInfo => ({
  uid,
  name,
  version: "1",
  numClients: 1,
  numUsers: 1,
  numChannels: 1,
  numSubs: 1,
  uptime: 1
})

/** The sessions of a node that are none: what was done to them is noted. */
class Sessions {
  readonly applied: Array<readonly [node: string, command: ControlCommand]> = []
  readonly emulated: Array<readonly [node: string, process: string, text: string]> = []

  /** Two processes: the node's own name, and a worker. */
  readonly layer = layerOverNodes(
    Layer.effectContext(
      Effect.gen({ self: this }, function* () {
        const { name } = (yield* Roster).self()
        const { uid } = yield* NatsLink
        const own = channels[name]!
        return Context.make(Control, {
          apply: (command) => Effect.sync(() => void this.applied.push([name, command])),
          nodes: Effect.succeed([infoOf(`${uid}.0`, name), infoOf(`${uid}.1`, "worker-1")]),
          channels: Effect.succeed(new Map(own)),
          emulate: (process, session, data) =>
            Effect.sync(() => {
              if (process !== `${uid}.1`) return false
              this.emulated.push([name, session, Buffer.from(data).toString()])
              return true
            })
        }).pipe(
          Context.add(LargestChannels, {
            find: (limit) => Effect.succeed([...own].sort(([, a], [, b]) => b - a).slice(0, limit)),
            sizes: (asked) => Effect.succeed(own.filter(([channel]) => asked.includes(channel)))
          })
        )
      })
    )
  ).pipe(Layer.merge(layerEmulation))
}

const refresh = (user: string): ControlCommand => ({ _tag: "Refresh", user, isExpired: true })

const cluster = Effect.fnUntraced(function* () {
  const server = yield* startNats()
  const sessions = new Sessions()
  const nodes = yield* startNodes([server], 3, sessions.layer)
  const [a, b, c] = nodes as [Node, Node, Node]
  return { server, sessions, a, b, c }
})
type Node = TestNode<Control | LargestChannels | Emulation>

describe.skipIf(noNatsServer !== undefined)(`the server API over nodes ${noNatsServer ?? ""}`, () => {
  it("a command is done by every node, once, with its bytes", () =>
    run(
      Effect.gen(function* () {
        const { sessions, a } = yield* cluster()
        const info = new Uint8Array([1, 2])
        const command: ControlCommand = { _tag: "Refresh", user: "u", isExpired: false, info }
        yield* Effect.all(
          [
            Context.get(a.context, Control).apply(command),
            Context.get(a.context, Control).apply(refresh("v"))
          ],
          { concurrency: "unbounded" }
        )
        const done = sessions.applied.map(([node, { user }]) => `${node} ${user}`).sort()
        expect(done).toEqual(["node-0 u", "node-0 v", "node-1 u", "node-1 v", "node-2 u", "node-2 v"])
        for (const [, command] of sessions.applied)
          if (command._tag === "Refresh" && command.user === "u") expect([...command.info!]).toEqual([1, 2])
      })
    ))

  it("a command that a node has not confirmed has failed; while NATS is away nothing is done", () =>
    run(
      Effect.gen(function* () {
        const { server, sessions, a, b } = yield* cluster()
        const { apply } = Context.get(a.context, Control)
        yield* b.calls.serve("Control", () => Effect.die("it cannot"))
        const error = yield* Effect.flip(apply(refresh("u")))
        expect(error.message).toContain("node-1")
        expect(sessions.applied.map(([node]) => node).sort()).toEqual(["node-0", "node-2"])
        const alone = known(a.roster, 0)
        yield* Effect.promise(() => server.kill())
        yield* alone
        expect(yield* Effect.flip(apply(refresh("v")))).toBeInstanceOf(BrokerUnavailable)
        expect(sessions.applied.length).toBe(2)
      })
    ))

  it("all processes are told of, with the name of their node, and their channels added up", () =>
    run(
      Effect.gen(function* () {
        const { a, b } = yield* cluster()
        for (const { context } of [a, b]) {
          const control = Context.get(context, Control)
          expect((yield* control.nodes).map(({ name }) => name).sort()).toEqual([
            "node-0",
            "node-0/worker-1",
            "node-1",
            "node-1/worker-1",
            "node-2",
            "node-2/worker-1"
          ])
          expect([...(yield* control.channels)].sort()).toEqual([
            ["news", 5],
            ["own-0", 1],
            ["own-1", 7]
          ])
          expect(yield* Context.get(context, LargestChannels).find(2)).toEqual([
            ["own-1", 7],
            ["news", 5]
          ])
        }
        yield* Context.get(b.context, NodeCalls).serve("TellChannels", () => Effect.die("it cannot"))
        expect([...(yield* Context.get(a.context, Control).channels)].sort()).toEqual([
          ["news", 2],
          ["own-0", 1]
        ])
      })
    ))

  it("commands of a one-way client find the process of its session, in their order", () =>
    run(
      Effect.gen(function* () {
        const { server, sessions, a, b } = yield* cluster()
        const { forward } = Context.get(a.context, Emulation)
        const process = `${b.uid}.1`
        const said = yield* Effect.forEach(
          ["one", "two", "three"],
          (text) => forward(process, "s", Buffer.from(text)),
          { concurrency: "unbounded" }
        )
        expect(said).toEqual(["done", "done", "done"])
        expect(sessions.emulated).toEqual(["one", "two", "three"].map((text) => ["node-1", "s", text]))
        for (const unknown of [`${b.uid}.7`, "nobody", "", `${"x".repeat(36)}.1`])
          expect(yield* forward(unknown, "s", Buffer.from("x"))).toBe("unknownNode")
        yield* b.calls.serve("Emulate", () => Effect.die("it cannot"))
        expect(yield* forward(process, "s", Buffer.from("x"))).toBe("unavailable")
        const alone = known(a.roster, 0)
        yield* Effect.promise(() => server.kill())
        yield* alone
        expect(yield* forward(process, "s", Buffer.from("x"))).toBe("unavailable")
      })
    ))
})
