import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { expect } from "vitest"
import { ActorTree } from "../../../src/services/ActorTree.ts"

const serving = () => ({ state: "serving" })

const test = (name: string, body: () => Effect.Effect<void, unknown, ActorTree | Scope.Scope>) =>
  it.effect(name, () => Effect.provide(body(), ActorTree.layer))

/** The tree as nested names. */
const names = Effect.gen(function* () {
  type Node = { readonly name: string; readonly children: ReadonlyArray<Node> }
  const show = ({ name, children }: Node): unknown =>
    children.length === 0 ? name : [name, ...children.map(show)]
  return (yield* (yield* ActorTree).snapshot).map(show)
})

describe("the actor tree", () => {
  test("is empty at first", () =>
    Effect.gen(function* () {
      expect(yield* names).toEqual([])
    }))

  test("nests actors by their addresses, siblings in the order in which they registered", () =>
    Effect.gen(function* () {
      const { register } = yield* ActorTree
      for (const address of ["primary", "primary/shards", "primary/shards/shard-1", "primary/timer"])
        yield* register(address, serving)
      yield* register("primary/shards/shard-0", serving)
      yield* register("other", serving)
      expect(yield* names).toEqual([["primary", ["shards", "shard-1", "shard-0"], "timer"], "other"])
    }))

  test("does not take a name for its beginning", () =>
    Effect.gen(function* () {
      const { register } = yield* ActorTree
      for (const address of ["a", "a/b", "a/bc", "a/b/d", "a/bc/e"]) yield* register(address, serving)
      expect(yield* names).toEqual([["a", ["b", "d"], ["bc", "e"]]])
    }))

  test("takes a parent that registers after its children", () =>
    Effect.gen(function* () {
      const { register } = yield* ActorTree
      yield* register("primary/shards", serving)
      yield* register("primary", serving)
      expect(yield* names).toEqual([["primary", "shards"]])
    }))

  test("tells what actors say at the moment, with name and address", () =>
    Effect.gen(function* () {
      const { register, snapshot } = yield* ActorTree
      let connections = 1
      yield* register("primary", () => ({ state: "serving", connections, mailbox: 3, restarts: 0 }))
      const node = (connections: number) => ({
        name: "primary",
        address: "primary",
        state: "serving",
        connections,
        mailbox: 3,
        restarts: 0,
        children: []
      })
      expect(yield* snapshot).toEqual([node(1)])
      connections = 2
      expect(yield* snapshot).toEqual([node(2)])
    }))

  test("has no member for what an actor does not say", () =>
    Effect.gen(function* () {
      const { register, snapshot } = yield* ActorTree
      yield* register("primary", () => ({
        state: "serving",
        mailbox: undefined,
        restarts: 1,
        cause: undefined
      }))
      expect(Object.keys((yield* snapshot)[0]!)).toEqual(["name", "address", "state", "restarts", "children"])
    }))

  test("of ten thousand is known in a moment: the time grows with their number, not with its square", () =>
    Effect.gen(function* () {
      const { register, known } = yield* ActorTree
      yield* register("primary", serving)
      for (let i = 0; i < 10_000; i++) yield* register(`primary/shard-${i}`, serving)
      known()
      const began = performance.now()
      expect(known()[0]!.children).toHaveLength(10_000)
      // Some 5 ms; with each looking through all the others it would be seconds.
      expect(performance.now() - began).toBeLessThan(500)
    }))

  test("asks nobody until somebody looks", () =>
    Effect.gen(function* () {
      const { register, snapshot } = yield* ActorTree
      let asked = 0
      yield* register("primary", () => {
        asked++
        return serving()
      })
      expect(asked).toBe(0)
      yield* snapshot
      expect(asked).toBe(1)
    }))

  test("forgets an actor when its scope closes", () =>
    Effect.gen(function* () {
      const { register } = yield* ActorTree
      const scope = yield* Scope.make()
      yield* register("primary", serving)
      yield* Scope.provide(register("primary/shards", serving), scope)
      expect(yield* names).toEqual([["primary", "shards"]])
      yield* Scope.close(scope, Exit.void)
      expect(yield* names).toEqual(["primary"])
    }))

  test("keeps an actor that came back under its address before the old one was gone", () =>
    Effect.gen(function* () {
      const { register, snapshot } = yield* ActorTree
      const old = yield* Scope.make()
      yield* Scope.provide(
        register("primary", () => ({ state: "old" })),
        old
      )
      yield* register("primary", () => ({ state: "new" }))
      yield* Scope.close(old, Exit.void)
      expect((yield* snapshot).map(({ state }) => state)).toEqual(["new"])
    }))
})

describe("the actors below an address", () => {
  const shown = (address: string) =>
    Effect.flatMap(ActorTree, ({ below }) =>
      Effect.map(below(address), (actors) => actors.map(({ address }) => address))
    )

  test("are its children with theirs, and neither itself nor others", () =>
    Effect.gen(function* () {
      const { register, below } = yield* ActorTree
      for (const address of ["a/b/w/shards", "a/b/w/shards/shard-0", "a/b/w2", "a/b", "w/shards"])
        yield* register(address, serving)
      expect(yield* shown("a/b/w")).toEqual(["a/b/w/shards"])
      const [shards] = yield* below("a/b/w")
      expect(shards?.children.map(({ address }) => address)).toEqual(["a/b/w/shards/shard-0"])
    }))

  test("are there also where nobody is registered at the address, and none where there are none", () =>
    Effect.gen(function* () {
      yield* (yield* ActorTree).register("x/y/z", serving)
      expect(yield* shown("x/y")).toEqual(["x/y/z"])
      expect(yield* shown("x/y/z")).toEqual([])
      expect(yield* shown("nowhere")).toEqual([])
    }))
})

describe("children that live elsewhere", () => {
  test("come after those of this process, as they are told at the moment", () =>
    Effect.gen(function* () {
      const { register } = yield* ActorTree
      const node = (name: string) => ({ name, address: `w/${name}`, state: "serving", children: [] })
      let told = [node("shards")]
      yield* register("w", serving, () => told)
      yield* register("w/own", serving)
      expect(yield* names).toEqual([["w", "own", "shards"]])
      told = []
      expect(yield* names).toEqual([["w", "own"]])
    }))

  test("are asked for before each look, all at once, and the look waits for them", () =>
    Effect.gen(function* () {
      const { register, beforeSnapshot, snapshot, below } = yield* ActorTree
      let connections = 0
      yield* register("w", () => ({ state: "serving", connections }))
      const both = yield* Deferred.make<void>()
      let asked = 0
      // Each waits for the other: one after the other they would never end.
      const refresh = Effect.gen(function* () {
        asked++
        if (asked % 2 === 0) yield* Deferred.succeed(both, undefined)
        yield* Deferred.await(both)
        yield* Effect.yieldNow
        connections++
      })
      yield* beforeSnapshot(refresh)
      yield* beforeSnapshot(Effect.suspend(() => refresh))
      expect((yield* snapshot)[0]?.connections).toBe(2)
      yield* below("w")
      expect(asked).toBe(4)
    }))

  test("are asked for no more when the scope closes", () =>
    Effect.gen(function* () {
      const { beforeSnapshot, snapshot } = yield* ActorTree
      const scope = yield* Scope.make()
      let asked = 0
      yield* Scope.provide(
        beforeSnapshot(
          Effect.sync(() => {
            asked++
          })
        ),
        scope
      )
      yield* snapshot
      yield* Scope.close(scope, Exit.void)
      yield* snapshot
      expect(asked).toBe(1)
    }))
})
