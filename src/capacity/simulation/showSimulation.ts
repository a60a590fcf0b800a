/** What was simulated, for people. */
import { freshShare } from "../costs.ts"
import { figures, sdk } from "../figures.ts"
import { amount, many, percent, seconds, table, whole } from "../words.ts"
import type { Curve } from "./Curve.ts"
import { published, publishedPerMachine } from "./published.ts"
import type { Loss, Reconnection } from "./reconnect.ts"
import type { SimulationInput } from "./SimulationInput.ts"
import type { Simulated } from "./simulate.ts"

const SHARES = [0.01, 0.1, 0.5, 0.9, 0.99, 1]

/** Of all, also of those to whom it has not happened: "–" where it never did to so many. */
const quantiles = (curve: Curve, all: number): ReadonlyArray<string> =>
  SHARES.map((share) => curve.quantile(share, all)).map((ms) => (Number.isNaN(ms) ? "–" : seconds(ms / 1000)))

const SHARE_NAMES = SHARES.map((share) => (share === 1 ? "the last" : percent(share)))

const broadcastPart = ({ broadcast, cluster, planned }: Simulated): string =>
  [
    "A broadcast, from its publication on:",
    table(
      ["", ...SHARE_NAMES, "planned"],
      [
        ["workers have it", ...quantiles(broadcast.reached, cluster.nodes * cluster.workers), ""],
        [
          "written to connections",
          ...quantiles(broadcast.written, cluster.nodes * cluster.connectionsEach),
          seconds(planned.broadcast)
        ]
      ]
    ),
    ...(broadcast.missing === 0
      ? []
      : [`${whole(broadcast.missing)} connections did not get it within two minutes`])
  ].join("\n")

const LOSSES: Readonly<Record<Loss, string>> = {
  node: "a node's process ends",
  machine: "a node's machine is gone without a word",
  all: "everyone is lost at once"
}

const reconnectionRow = (loss: Loss, one: Reconnection, planned: number): ReadonlyArray<string> => [
  LOSSES[loss],
  whole(one.clients),
  ...quantiles(one.back, one.clients),
  seconds(planned),
  whole(one.timedOut),
  whole(one.longestQueue),
  whole(one.missing)
]

const reconnectionPart = ({ reconnections, planned }: Simulated): string =>
  [
    "Clients that lost their connections are back, from the loss on:",
    table(
      ["", "clients", ...SHARE_NAMES, "planned", "timed out", "longest queue", "not back"],
      (["node", "machine", "all"] as const).map((loss) =>
        reconnectionRow(loss, reconnections[loss], planned[loss])
      )
    ),
    `(not back: within two minutes. Timed out: attempts without an answer for ${seconds(sdk.timeoutMs / 1000)}, which are made again.)`
  ].join("\n")

/** Seconds of the timeline, besides the whole of it. */
const TIMES = [0.5, 1, 2, 3, 5, 10, 20, 30, 60]

const timelinePart = ({ broadcast, reconnections }: Simulated): string =>
  [
    "Shares of all, by the time that has passed:",
    table(
      ["", ...TIMES.map((time) => `${time} s`)],
      [
        ["written to", broadcast.written, broadcast.written.total + broadcast.missing] as const,
        ...(["node", "machine", "all"] as const).map(
          (loss) => [LOSSES[loss], reconnections[loss].back, reconnections[loss].clients] as const
        )
      ].map(([name, curve, all]) => [name, ...TIMES.map((time) => percent(curve.by(time * 1000) / all))])
    )
  ].join("\n")

/** Nothing is concluded from a comparison of unlike things but what it is good for. */
const publishedPart = ({ broadcast, cluster }: Simulated): string => {
  const took = broadcast.written.last / 1000
  const perMachine = cluster.connectionsEach / took
  const inAMinute = broadcast.written.by(published.seconds * 1000)
  return [
    `Published: ${whole(published.connections)} within ${published.seconds} s from ${published.machines} machines (${published.who}), which is ` +
      `${whole(publishedPerMachine)} a second each`,
    `if all had a part in it; they give ${whole(published.perMachine.least)}–${whole(published.perMachine.most)} a second for one in production.`,
    `Here: ${whole(inAMinute)} within ${published.seconds} s from ${whole(cluster.nodes)} nodes, the last after ${seconds(took)}: ` +
      `${amount(perMachine)} a second each, and`,
    `${amount(perMachine / cluster.workers)} for each core of a worker. Theirs went to phones on real networks, with acknowledgements; here a message`,
    "counts when the kernel has it. The plan has that much room for what it does not know, and no more is shown by this."
  ].join("\n")
}

export const showSimulation = (input: SimulationInput, simulated: Simulated): string =>
  [
    `${whole(input.nodes)} nodes × ${whole(input.node.connections)} connections (${input.clients}), ${many(simulated.cluster.workers, "worker")} each, ` +
      `${many(input.nats.servers, "NATS server")}; ${whole(input.bytes)} bytes; seed ${input.seed}` +
      (input.channels.history
        ? `\nEach client is in one channel with history, of ${many(input.channels.subscribers, "subscriber")}: of those who come to a node, ` +
          `${percent(freshShare(input, input.nodes))} at most find theirs new to it`
        : ""),
    broadcastPart(simulated),
    reconnectionPart(simulated),
    timelinePart(simulated),
    publishedPart(simulated),
    `Measured and scaled: costs of a node and of NATS (at most ${whole(figures.mostConnections.value)} connections of one machine were). ` +
      `Assumed: ${amount(input.hop)} ms between machines.\nNot in it: networks of clients, TLS, load balancers, whatever else nodes do meanwhile ` +
      "(docs/capacity.md, Limits)."
  ].join("\n\n")

/** @param all null stands for a share of them that it never happened to */
const curveJson = (curve: Curve, all: number) => ({
  total: curve.total,
  quantilesMs: Object.fromEntries(SHARES.map((share) => [share, curve.quantile(share, all)]))
})

export const simulationJson = ({ cluster, broadcast, reconnections, planned }: Simulated): string =>
  JSON.stringify(
    {
      cluster,
      plannedSeconds: planned,
      broadcast: {
        written: curveJson(broadcast.written, cluster.nodes * cluster.connectionsEach),
        workers: curveJson(broadcast.reached, cluster.nodes * cluster.workers)
      },
      reconnections: Object.fromEntries(
        Object.entries(reconnections).map(([loss, one]) => [
          loss,
          { ...one, back: curveJson(one.back, one.clients) }
        ])
      )
    },
    undefined,
    2
  )
