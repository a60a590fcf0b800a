/** What is told of all nodes, where there are several; all other tiles are of this node. */
import type { Overview } from "../../../protocol/dashboard.ts"
import { count, plural } from "../../parts/format.ts"

export const clusterTiles = ({ cluster }: Overview) => {
  if (cluster === undefined) return []
  const { connections, nodes, names, isConnected } = cluster
  const further = nodes > names.length ? ` and ${count(nodes - names.length)} more` : ""
  return [
    {
      name: "All nodes",
      value: count(connections),
      more: isConnected
        ? `connections of ${plural(nodes, "node")}: ${names.join(", ")}${further}`
        : "cut off from the other nodes: no connection to NATS",
      tone: isConnected ? undefined : ("warn" as const)
    }
  ]
}
