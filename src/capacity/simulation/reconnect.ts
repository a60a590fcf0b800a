/**
 * How clients come back that have lost their connections at the same moment: by the SDK's backoff, each to any node.
 */
import * as Effect from "effect/Effect"
import { sdk } from "../figures.ts"
import type { Cluster } from "./Cluster.ts"
import { Curve } from "./Curve.ts"
import { Draws } from "./Draws.ts"
import { NodeQueue } from "./NodeQueue.ts"
import { inVirtualTime } from "./virtualTime.ts"
import { STEPS, Waiting } from "./Waiting.ts"

const TICK_MS = 50
/** Who is not back by then is told as such. */
export const RECONNECT_HORIZON_MS = 120_000

/**
 * - `"node"`: one node's process ends, and its clients hear of it at once
 * - `"machine"`: one node's machine is gone without a word, and its clients notice when a ping of the server is missing
 * - `"all"`: every client loses its connection at once, and all nodes are there, without connections
 */
export type Loss = "node" | "machine" | "all"

export interface Reconnection {
  readonly clients: number
  /** When clients were back, from the loss on. */
  readonly back: Curve
  /** Attempts that timed out; connections set up for clients that had given up. */
  readonly timedOut: number
  readonly wasted: number
  /** Connections that waited at one node at the same time, at most. */
  readonly longestQueue: number
  /** Clients that were not back at the horizon. */
  readonly missing: number
}

export const simulateReconnect = (cluster: Cluster, loss: Loss, seed: number): Effect.Effect<Reconnection> =>
  inVirtualTime(comingBack(cluster, loss), RECONNECT_HORIZON_MS + TICK_MS, seed)

/** Clients that notice the loss, by tick. */
const noticed = (
  clients: number,
  loss: Loss,
  draws: Draws,
  note: (tick: number, clients: number) => void
): void => {
  if (loss !== "machine") return note(0, clients)
  // The last ping of each was at any time of one interval ago.
  const first = Math.round(sdk.pingGraceMs / TICK_MS)
  draws.spread(clients, Math.round(sdk.pingIntervalMs / TICK_MS), (tick, count) => note(first + tick, count))
}

const comingBack = Effect.fnUntraced(function* (cluster: Cluster, loss: Loss) {
  const draws = yield* Draws.ofFiber
  const clients = loss === "all" ? cluster.nodes * cluster.connectionsEach : cluster.connectionsEach
  const nodes = Array.from(
    { length: loss === "all" ? cluster.nodes : cluster.nodes - 1 },
    () => new NodeQueue()
  )
  const waiting = new Waiting(TICK_MS, draws)
  noticed(clients, loss, draws, (tick, count) => waiting.backOff(tick, 0, count))

  const admitSeconds = loss === "all" ? cluster.admitSeconds.all : cluster.admitSeconds.others
  const isDead = (tick: number) => loss !== "all" && tick * TICK_MS < cluster.detectMs
  const patience = Math.round(sdk.timeoutMs / TICK_MS)
  const back = new Curve(RECONNECT_HORIZON_MS, TICK_MS)
  let [timedOut, longestQueue] = [0, 0]

  const step = (tick: number) => {
    // Of all nodes together, by attempts that failed so far: those who wait again are spread once for all of them.
    const again = new Array<number>(STEPS).fill(0)
    waiting.take(tick).forEach((count, attempts) => {
      if (isDead(tick)) again[attempts]! += count
      else draws.spread(count, nodes.length, (node, clients) => nodes[node]!.add(tick, attempts, clients))
    })
    for (const node of nodes) {
      longestQueue = Math.max(longestQueue, node.length)
      node.giveUp(tick - patience, (attempts, count) => {
        timedOut += count
        again[attempts]! += count
      })
      const opened = node.serve((TICK_MS / 1000) * draws.from(SETUP), admitSeconds)
      back.add(tick * TICK_MS, (tick + 1) * TICK_MS, opened)
    }
    for (const [attempts, count] of again.entries()) waiting.backOff(tick, attempts + 1, count)
  }
  for (let tick = 0; back.total < clients && tick * TICK_MS < RECONNECT_HORIZON_MS; tick++) {
    step(tick)
    yield* Effect.sleep(TICK_MS)
  }
  const wasted = nodes.reduce((sum, node) => sum + node.wasted, 0)
  return { clients, back, timedOut, wasted, longestQueue, missing: clients - back.total }
})

/**
 * Set-ups in a time, to their median: the slowest and the fastest repetition with the client in C
 * (docs/benchmarks.md).
 */
const SETUP = [
  [0, 24_343 / 24_869],
  [0.5, 1],
  [1, 26_724 / 24_869]
] as const
