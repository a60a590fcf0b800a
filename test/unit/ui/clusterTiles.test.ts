import { describe, expect, it } from "vitest"
import type { Overview } from "../../../src/protocol/dashboard.ts"
import { clusterTiles } from "../../../src/ui/dashboard/overview/clusterTiles.ts"
import { overviewAt } from "../../support/overview.ts"

const now = overviewAt(1000, { connections: 10 })
const first = (overview: Overview) => clusterTiles(overview)[0]

describe("the tile of all nodes", () => {
  it("is not there where there is one node", () => {
    expect(first(now)).toBeUndefined()
  })

  it("adds up the connections, and names the nodes", () => {
    const cluster = { connections: 30, nodes: 3, names: ["a", "b"], isConnected: true }
    expect(first({ ...now, cluster })).toMatchObject({
      name: "All nodes",
      value: "30",
      more: "connections of 3 nodes: a, b and 1 more"
    })
  })

  it("says when the node is cut off from the others", () => {
    const cluster = { connections: 10, nodes: 1, names: ["a"], isConnected: false }
    const tile = first({ ...now, cluster })
    expect(tile?.tone).toBe("warn")
    expect(tile?.more).toContain("cut off")
  })
})
