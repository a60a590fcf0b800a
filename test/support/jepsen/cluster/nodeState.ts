/** What the nodes of a cluster say of themselves. */
import { until } from "../until.ts"
import type { ClusterNode } from "./ClusterNode.ts"

const LEADS = /^clarion_cluster_leader 1$/m

/** One that does not answer does not lead. */
const leads = (node: ClusterNode): Promise<boolean> =>
  node.ask("GET", "/metrics").then(
    ({ json }) => LEADS.test(json),
    () => false
  )

/** Of these, the one that leads the cluster, as soon as it is one of them and only one. */
export const leadingNode = (nodes: ReadonlyArray<ClusterNode>, signal: AbortSignal): Promise<ClusterNode> =>
  until(async () => {
    const leading = await Promise.all(nodes.map(leads))
    const found = nodes.filter((_, at) => leading[at])
    return found.length === 1 ? found[0] : undefined
  }, signal)

/** A node that has ended does not come back by itself. */
export const isWell = (node: ClusterNode, signal: AbortSignal): Promise<true> =>
  until(async () => {
    const { status, json } = await node.ask("GET", "/health")
    return status === 200 && json.status !== "degraded" ? true : undefined
  }, signal)
