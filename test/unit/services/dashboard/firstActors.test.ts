import { describe, expect, it } from "vitest"
import type { ActorNode } from "../../../../src/services/ActorTree.ts"
import { firstActors, MAX_ACTORS } from "../../../../src/services/dashboard/firstActors.ts"

const actor = (address: string, children: ReadonlyArray<ActorNode> = []): ActorNode => ({
  name: address.split("/").at(-1)!,
  address,
  state: "serving",
  children
})

const server = (workers: number, shards: number): ReadonlyArray<ActorNode> => [
  actor(
    "primary",
    Array.from({ length: workers }, (_, w) =>
      actor(
        `primary/${w}`,
        Array.from({ length: shards }, (_, s) => actor(`primary/${w}/${s}`))
      )
    )
  )
]

const addresses = (actors: ReadonlyArray<ActorNode>): ReadonlyArray<string> =>
  actors.flatMap(({ address, children }) => [address, ...addresses(children)])

describe("the first actors of a tree", () => {
  it("are all of it where they are not too many", () => {
    const actors = server(2, 3)
    expect(firstActors(actors, 9)).toEqual({ actors, omitted: 0 })
  })

  it("have every worker before any shard, and the rest is counted", () => {
    const { actors, omitted } = firstActors(server(3, 4), 9)
    expect(addresses(actors)).toEqual([
      "primary",
      ...["primary/0", "primary/0/0", "primary/0/1", "primary/0/2", "primary/0/3"],
      ...["primary/1", "primary/1/0"],
      "primary/2"
    ])
    expect(omitted).toBe(16 - 9)
  })

  it("are few enough for one message", () => {
    const { actors, omitted } = firstActors(server(64, 1024))
    expect([addresses(actors).length, omitted]).toEqual([MAX_ACTORS, 1 + 64 + 64 * 1024 - MAX_ACTORS])
    expect(JSON.stringify(actors).length).toBeLessThan(1_000_000)
  })
})
