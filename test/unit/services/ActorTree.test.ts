import { describe, it } from "@effect/vitest"
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
