/** What can happen to a cluster. */
import type { Fault } from "./Fault.ts"
import { killLeader, killMetaLeader, killNats, pauseAllNats, pauseNats } from "./nats.ts"
import { cutClients, cutNode, holdNode, unplugNode } from "./networks.ts"
import { killLeadingNode, killNode, killWorker, pauseLeadingNode, pauseNode } from "./nodes.ts"

export const faults = {
  killNode,
  killLeadingNode,
  killWorker,
  pauseNode,
  pauseLeadingNode,
  killNats,
  killLeader,
  killMetaLeader,
  pauseNats,
  pauseAllNats,
  cutNode,
  holdNode,
  unplugNode,
  cutClients
} satisfies Readonly<Record<string, Fault>>

export type FaultName = keyof typeof faults
