/** What can happen to the processes of nodes. */
import { type ClusterNode, signalled } from "../cluster/ClusterNode.ts"
import { leadingNode } from "../cluster/nodeState.ts"
import { type Fault, type Grounds, LONG_MS, RUNS_WITHIN_MS, SHORT_MS } from "./Fault.ts"

export const killNode: Fault = async ({ cluster, random }) => {
  const node = random.pick(cluster.nodes)
  await node.kill()
  return {
    does: `kill -9 of ${node.name}`,
    lastsMs: SHORT_MS,
    isShort: true,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: () => node.start()
  }
}

export const pauseNode: Fault = async ({ cluster, random }) => {
  const node = random.pick(cluster.nodes)
  node.pause()
  return {
    does: `SIGSTOP of ${node.name}`,
    lastsMs: LONG_MS,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: async () => node.resume()
  }
}

/** The node that leads, and what makes sure that another one takes its place. */
const succession = async ({ cluster, signal }: Grounds) => {
  const leader = await leadingNode(cluster.nodes, signal)
  const others = cluster.nodes.filter((node) => node !== leader)
  return { leader, taken: (signal: AbortSignal): Promise<ClusterNode> => leadingNode(others, signal) }
}

/** While very much is being published. */
export const killLeadingNode: Fault = async (grounds) => {
  const { leader, taken } = await succession(grounds)
  const burst = await grounds.burst()
  await leader.kill()
  return {
    does: `kill -9 of ${leader.name}, which leads, with ${burst.underWay} publications under way`,
    lastsMs: SHORT_MS,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: async (signal) => {
      await taken(signal)
      await leader.start()
      await burst.done
    }
  }
}

/** It has the lease for as long as it believes, and somebody else when it wakes up. */
export const pauseLeadingNode: Fault = async (grounds) => {
  const { leader, taken } = await succession(grounds)
  leader.pause()
  return {
    does: `SIGSTOP of ${leader.name}, which leads`,
    lastsMs: LONG_MS,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: async (signal) => {
      await taken(signal)
      leader.resume()
      await leadingNode(grounds.cluster.nodes, signal)
    }
  }
}

/** Where nodes have no workers, nothing. */
export const killWorker: Fault = async ({ cluster, random }) => {
  const node = random.pick(cluster.nodes.filter(({ workers }) => workers.length > 0))
  const [worker] = node?.workers ?? []
  if (worker !== undefined) signalled(worker, "SIGKILL")
  return {
    does: worker === undefined ? "nothing: there are no workers" : `kill -9 of a worker of ${node.name}`,
    lastsMs: SHORT_MS,
    isShort: true,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: async () => {}
  }
}
