/** The contract of src/services/Presence.ts. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { expect, it } from "vitest"
import type { ClientInfo } from "../../src/protocol/centrifuge/messages.ts"
import type { Presence } from "../../src/services/Presence.ts"

export interface PresenceContract {
  /** A backend, as so many processes see it. */
  readonly start: (processes: number) => Effect.Effect<ReadonlyArray<Presence["Service"]>, never, Scope.Scope>
  readonly run: <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Promise<A>
}

const infoOf = (user: string, client: string): ClientInfo => ({ user, client })
const numbersTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

export const presenceSuite = ({ start, run }: PresenceContract): void => {
  /** Two processes, n1 and n2. */
  const two = Effect.map(start(2), (all) => {
    const [n1, n2] = all as [Presence["Service"], Presence["Service"]]
    const add = (node: "n1" | "n2", channel: string, client: string, user = "u") =>
      (node === "n1" ? n1 : n2).add(node, channel, client, infoOf(user, client))
    const clients = (channel: string) => Effect.map(n1.get(channel), (found) => [...found.keys()].sort())
    return { n1, n2, add, clients }
  })

  it("who is added is there for every process, with its info, until it is removed", () =>
    run(
      Effect.gen(function* () {
        const { n1, n2 } = yield* two
        const info = { ...infoOf("u", "a"), connInfo: new Uint8Array([1, 2]), chanInfo: new Uint8Array([3]) }
        yield* n1.add("n1", "room", "a", info)
        for (const process of [n1, n2]) {
          const found = yield* process.get("room")
          expect([...found.keys()]).toEqual(["a"])
          expect(found.get("a")).toMatchObject({ user: "u", client: "a" })
          expect([...found.get("a")!.connInfo!, ...found.get("a")!.chanInfo!]).toEqual([1, 2, 3])
          expect(yield* process.stats("room")).toEqual({ numClients: 1, numUsers: 1 })
        }
        yield* n1.remove("n1", "room", "a")
        for (const process of [n1, n2]) {
          expect((yield* process.get("room")).size).toBe(0)
          expect(yield* process.stats("room")).toEqual({ numClients: 0, numUsers: 0 })
        }
      })
    ))

  it("channels have clients of their own", () =>
    run(
      Effect.gen(function* () {
        const { n1, add, clients } = yield* two
        yield* add("n1", "room", "a")
        yield* add("n1", "hall", "a")
        yield* add("n2", "hall", "b")
        expect(yield* clients("room")).toEqual(["a"])
        expect(yield* clients("hall")).toEqual(["a", "b"])
        yield* n1.remove("n1", "hall", "a")
        expect(yield* clients("room")).toEqual(["a"])
        expect(yield* clients("hall")).toEqual(["b"])
        expect(yield* clients("nowhere")).toEqual([])
        expect(yield* n1.stats("nowhere")).toEqual({ numClients: 0, numUsers: 0 })
      })
    ))

  it("users count once, those without a name count as one together", () =>
    run(
      Effect.gen(function* () {
        const { n1, n2, add } = yield* two
        yield* add("n1", "room", "a", "one")
        yield* add("n2", "room", "b", "one")
        yield* add("n1", "room", "c", "two")
        yield* add("n2", "room", "d", "")
        yield* n1.add("n1", "room", "e", { client: "e" })
        expect(yield* n1.stats("room")).toEqual({ numClients: 5, numUsers: 3 })
        yield* n1.remove("n1", "room", "a")
        expect(yield* n1.stats("room")).toEqual({ numClients: 4, numUsers: 3 })
        yield* n2.remove("n2", "room", "b")
        expect(yield* n1.stats("room")).toEqual({ numClients: 3, numUsers: 2 })
        yield* n2.remove("n2", "room", "d")
        expect(yield* n1.stats("room")).toEqual({ numClients: 2, numUsers: 2 })
        yield* n1.remove("n1", "room", "e")
        expect(yield* n1.stats("room")).toEqual({ numClients: 1, numUsers: 1 })
      })
    ))

  it("adding again replaces the info, also that of another user", () =>
    run(
      Effect.gen(function* () {
        const { n1, add } = yield* two
        yield* add("n1", "room", "a", "one")
        yield* add("n1", "room", "a", "two")
        yield* add("n1", "room", "b", "two")
        expect(yield* n1.stats("room")).toEqual({ numClients: 2, numUsers: 1 })
        expect((yield* n1.get("room")).get("a")).toMatchObject({ user: "two" })
        yield* n1.remove("n1", "room", "a")
        expect(yield* n1.stats("room")).toEqual({ numClients: 1, numUsers: 1 })
      })
    ))

  it("removing who is not there changes nothing", () =>
    run(
      Effect.gen(function* () {
        const { n1, add, clients } = yield* two
        yield* n1.remove("n1", "room", "a")
        yield* add("n1", "room", "a")
        yield* n1.remove("n1", "room", "b")
        yield* n1.remove("n1", "hall", "a")
        expect(yield* clients("room")).toEqual(["a"])
        yield* n1.remove("n1", "room", "a")
        yield* n1.remove("n1", "room", "a")
        expect(yield* n1.stats("room")).toEqual({ numClients: 0, numUsers: 0 })
      })
    ))

  it("what was read does not change afterwards", () =>
    run(
      Effect.gen(function* () {
        const { n1, add } = yield* two
        yield* add("n1", "room", "a")
        const read = yield* n1.get("room")
        yield* add("n1", "room", "b")
        yield* n1.remove("n1", "room", "a")
        expect([...read.keys()]).toEqual(["a"])
      })
    ))

  it("a process that is gone takes its clients with it, in all channels, and no others", () =>
    run(
      Effect.gen(function* () {
        const { n1, n2, add, clients } = yield* two
        for (const number of numbersTo(3000)) {
          yield* add("n2", `room${number % 50}`, `gone${number}`, `u${number}`)
          if (number <= 50) yield* add("n1", `room${number % 50}`, `stays${number}`)
        }
        yield* n2.drop("n2")
        for (const number of numbersTo(50)) {
          expect(yield* clients(`room${number % 50}`)).toEqual([`stays${number}`])
          expect(yield* n1.stats(`room${number % 50}`)).toEqual({ numClients: 1, numUsers: 1 })
        }
        yield* n2.drop("n2")
        yield* n1.drop("unknown")
        yield* add("n2", "room1", "back")
        expect(yield* clients("room1")).toEqual(["back", "stays1"])
      })
    ))

  it("who went to another process is not removed with the one before", () =>
    run(
      Effect.gen(function* () {
        const { n1, n2, add, clients } = yield* two
        yield* add("n1", "room", "a", "one")
        yield* add("n2", "room", "a", "two")
        yield* n1.remove("n1", "room", "a")
        expect(yield* clients("room")).toEqual(["a"])
        yield* n1.drop("n1")
        expect((yield* n2.get("room")).get("a")).toMatchObject({ user: "two" })
        expect(yield* n1.stats("room")).toEqual({ numClients: 1, numUsers: 1 })
        yield* n2.drop("n2")
        expect(yield* n1.stats("room")).toEqual({ numClients: 0, numUsers: 0 })
      })
    ))

  it("who comes while a process' clients are taken out stays", () =>
    run(
      Effect.gen(function* () {
        const { n1, add, clients } = yield* two
        for (const number of numbersTo(3000)) yield* add("n1", "room", `gone${number}`)
        const dropping = yield* Effect.forkChild(n1.drop("n1"), { startImmediately: true })
        yield* add("n1", "room", "gone3000", "new")
        yield* add("n1", "room", "new")
        yield* Fiber.join(dropping)
        expect(yield* clients("room")).toEqual(["gone3000", "new"])
        expect(yield* n1.stats("room")).toEqual({ numClients: 2, numUsers: 2 })
      })
    ))

  it("many at once, from all processes", () =>
    run(
      Effect.gen(function* () {
        const processes = yield* start(3)
        yield* Effect.forEach(
          numbersTo(300),
          (number) => {
            const node = `n${number % 3}`
            const process = processes[number % 3]!
            const add = process.add(node, "room", `c${number}`, infoOf(`u${number % 10}`, `c${number}`))
            return number % 2 === 0 ? add : Effect.andThen(add, process.remove(node, "room", `c${number}`))
          },
          { concurrency: "unbounded" }
        )
        for (const process of processes)
          expect(yield* process.stats("room")).toEqual({ numClients: 150, numUsers: 5 })
      })
    ))
}
