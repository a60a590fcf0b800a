/** What can happen to the ways between nodes, NATS servers and clients. */
import { type Fault, LONG_MS, RUNS_WITHIN_MS, SHORT_MS } from "./Fault.ts"

/** Its connections end, and there are no new ones. */
export const cutNode: Fault = async ({ cluster, random }) => {
  const { name, links } = random.pick(cluster.nodes.filter(({ links }) => links.length > 0))
  for (const link of links) link.close()
  return {
    does: `${name} is cut off from NATS`,
    lastsMs: SHORT_MS,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: async () => {
      for (const link of links) link.open()
    }
  }
}

/** Its connections stay, and nobody tells it that nothing arrives. */
export const holdNode: Fault = async ({ cluster, random }) => {
  const { name, links } = random.pick(cluster.nodes.filter(({ links }) => links.length > 0))
  for (const link of links) link.hold()
  return {
    does: `nothing gets through between ${name} and NATS`,
    lastsMs: LONG_MS,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: async () => {
      for (const link of links) link.release()
    }
  }
}

/** The cable of a machine: packets from and to NATS, clients and publishers vanish. Where no node has a network of its own, nothing. */
export const unplugNode: Fault = async ({ cluster, random }) => {
  const { name, island } = random.pick(cluster.nodes.filter(({ island }) => island !== undefined))
  island?.unplug()
  return {
    does: `${name} is unplugged`,
    lastsMs: LONG_MS,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: async () => island?.plug()
  }
}

export const cutClients: Fault = async ({ watchers }) => {
  for (const watcher of watchers) watcher.cut()
  return {
    does: "all clients lose their connection",
    lastsMs: 0,
    isShort: true,
    runsWithinMs: RUNS_WITHIN_MS,
    heal: async () => {}
  }
}
