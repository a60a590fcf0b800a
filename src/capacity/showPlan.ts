/** A plan for people. */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { formatDuration } from "../config/Kind.ts"
import { freshShare } from "./costs.ts"
import { figures, sdk } from "./figures.ts"
import type { NatsLoad } from "./natsLoad.ts"
import type { PlanInput } from "./PlanInput.ts"
import type { DoesNotFit, growth, Plan } from "./plan.ts"
import { type Resource, shareOf } from "./Resource.ts"
import { amount, bits, many, percent, seconds, table, whole } from "./words.ts"

const loadLines = (input: PlanInput): ReadonlyArray<string> => [
  `${whole(input.connections)} connections (${input.clients}), each open for ${formatDuration(input.session)}`,
  `${amount(input.rate)} broadcasts a second of ${whole(input.bytes)} bytes, ${amount(input.depth)} in a write`,
  ...(input.channels.rate === 0
    ? []
    : [
        `${amount(input.channels.rate)} publications a second into channels with ${many(input.channels.subscribers, "subscriber")} ` +
          `each${input.channels.history ? ", kept by NATS" : ""}`
      ])
]

/** For whom the costs of channels with history hold. */
const patternLines = ({ channels }: PlanInput, working: number): ReadonlyArray<string> =>
  channels.history
    ? [
        `Each client is in one channel with history, of ${many(channels.subscribers, "subscriber")}: of those who come to a node, ` +
          `${percent(freshShare({ channels }, working))} at most find theirs new to it, and it is read at NATS`
      ]
    : []

const resourceRows = (resources: ReadonlyArray<Resource>): ReadonlyArray<ReadonlyArray<string>> =>
  resources.map((one) => [
    one.name,
    `${amount(one.used)} ${one.unit}`.trim(),
    `${amount(one.has)} ${one.unit}`.trim(),
    percent(shareOf(one))
  ])

const resourcesOf = (resources: ReadonlyArray<Resource>): string =>
  table(["resource", "needed", "allowed", "used"], resourceRows(resources))

const nodesPart = ({ nodes }: Plan): string =>
  [
    `Nodes: ${whole(nodes.count)}, ${whole(nodes.spares)} of them spare; ${whole(nodes.cores)} cores, ` +
      `${whole(nodes.memory)} GiB; ${many(nodes.workersEach, "worker")} each`,
    `Each holds ${whole(nodes.connectionsEach)} connections, and ${whole(nodes.load.connections)} while spares are gone; then:`,
    `${amount(nodes.load.messages)} messages a second out, ${bits(nodes.load.out)} out, ${bits(nodes.load.in)} in, ` +
      `${amount(nodes.load.publications)} publications a second from NATS`,
    resourcesOf(nodes.load.resources)
  ].join("\n")

const channelsLine = ({ channels }: NatsLoad): string =>
  `${amount(channels.subscriptions)} subscriptions of nodes to channels` +
  (channels.reads === 0
    ? ""
    : `; ${amount(channels.kept)} publications kept in ${amount(channels.subjects)} channels, ${amount(channels.reads)} reads a second`)

const natsPart = ({ nats }: Plan): string => {
  if (nats === undefined) return "NATS: none; one node has the embedded broker"
  return [
    `NATS: ${nats.servers} servers; ${amount(nats.publications)} publications a second in, ` +
      `${amount(nats.deliveries)} copies a second out to nodes`,
    `(${amount(nats.beats)} of these tell nodes of each other); each server ${bits(nats.in)} in, ${bits(nats.out)} out, ` +
      `${bits(nats.stored)} to disk`,
    ...(nats.channels.subscriptions === 0 ? [] : [channelsLine(nats)]),
    resourcesOf(nats.resources)
  ].join("\n")
}

const timesPart = ({ broadcast, nats, reconnect }: Plan, detect: Duration.Duration): string => {
  const overrun = reconnect.ofAll - (2 * sdk.minReconnectMs) / 1000 > sdk.timeoutMs / 1000
  return [
    `A broadcast is with the last connection after ${seconds(broadcast.seconds)} (${seconds(broadcast.natsSeconds)} of it at NATS)`,
    `A node is lost: the last of its clients is back after ${seconds(reconnect.ofOneNode)} (detected after ${formatDuration(detect)}), ` +
      `after ${seconds(reconnect.ofOneMachine)} where its machine went without a word`,
    `All clients come back at once: ${seconds(reconnect.ofAll)}` +
      (overrun
        ? `, longer than the ${seconds(sdk.timeoutMs / 1000)} that the SDK waits: attempts time out and are made again (npm run simulate)`
        : ""),
    ...(nats === undefined || nats.channels.lookSeconds === 0
      ? []
      : [
          `A channel's last publication that gets lost on its way is noticed after at most ${seconds(nats.channels.lookSeconds)}, any other one when the next follows`
        ])
  ].join("\n")
}

const limitLine = ({ limit }: Plan): string =>
  `What is used up first: ${limit.name}, ${percent(shareOf(limit))} of what is allowed`

const growthRow = ({ connections, plan }: ReturnType<typeof growth>[number]): ReadonlyArray<string> =>
  Result.match(plan, {
    onFailure: (problem: DoesNotFit) => [
      whole(connections),
      "–",
      "–",
      "–",
      "–",
      "–",
      "–",
      problem.resource.name
    ],
    onSuccess: ({ nodes, nats, broadcast, reconnect, price, limit }) => [
      whole(connections),
      whole(nodes.count),
      whole(nodes.cores),
      whole(nats?.servers ?? 0),
      seconds(broadcast.seconds),
      seconds(reconnect.ofAll),
      price === 0 ? "–" : `${amount(price)} (${amount((price / connections) * 1e6)})`,
      limit.name
    ]
  })

const growthPart = (rows: ReturnType<typeof growth>): string =>
  [
    "The same for other sizes; publications into channels grow with them:",
    table(
      [
        "connections",
        "nodes",
        "cores",
        "NATS",
        "broadcast",
        "all come back",
        "a month (a million)",
        "used up first"
      ],
      rows.map(growthRow)
    )
  ].join("\n")

const limits = [
  "What this is: arithmetic on figures measured on one machine with two cores, over loopback, without TLS (docs/capacity.md, Limits).",
  `What it cannot know: your network cards, your kernels, your clients' networks; nothing here ran on more than one machine with`,
  `${whole(figures.mostConnections.value)} connections. Measure one node of yours, then plan again.`
].join("\n")

export const showPlan = (input: PlanInput, made: Plan, sizes: ReturnType<typeof growth>): string =>
  [
    [...loadLines(input), ...patternLines(input, made.nodes.count - made.nodes.spares)].join("\n"),
    nodesPart(made),
    natsPart(made),
    [timesPart(made, input.detect), limitLine(made)].join("\n"),
    growthPart(sizes),
    limits
  ].join("\n\n")
