/** Scenario b: as many publications as one node takes, into a thousand channels. */
import { setTimeout as sleep } from "node:timers/promises"
import { channelName } from "../driver/channelNames.ts"
import { payload } from "../driver/payload.ts"
import type { Server } from "../support/children.ts"
import type { Case } from "./scenario.ts"
import { type Cluster, cpuOf, type Deployment, deployments, metric, PREFIX, withCluster } from "./servers.ts"

const CHANNELS = 1000
const REQUESTS_AT_ONCE = 8
const OPEN_MS = 20_000
const ANSWER_WITHIN_MS = 60_000
/** Time for the last messages to be written, and between two looks at that. */
const SETTLE_MS = 5_000
const POLL_MS = 100
const WRITTEN = "clarion_channel_messages_written_total"

/** One publication into each channel; they do not wait for each other. */
const body = JSON.stringify({
  commands: Array.from({ length: CHANNELS }, (_, i) => ({
    publish: { channel: channelName(PREFIX, i), data: payload(i) }
  })),
  parallel: true
})

const publishFor = ({ driver, publisher }: Cluster, forMs: number) => {
  const order = {
    port: publisher.port,
    path: "/api/batch",
    body,
    connections: REQUESTS_AT_ONCE,
    pipelined: 1
  }
  return driver.order("load", { ...order, forMs }, forMs + ANSWER_WITHIN_MS)
}

/** The last answers may be there before the last messages are written. @returns what is written at last */
const settled = async (holder: Server, expected: number): Promise<number> => {
  const until = performance.now() + SETTLE_MS
  for (;;) {
    const written = await metric(holder, WRITTEN)
    if (written >= expected || performance.now() > until) return written
    await sleep(POLL_MS)
  }
}

const publishCase = (deployment: Deployment): Case => ({
  title: deployment.title,
  measure: (context) =>
    withCluster(context, deployment, async (cluster) => {
      const { holder, driver } = cluster
      const { loadMs, warmUpMs } = context.scale
      const clients = {
        dialect: "channels",
        connections: CHANNELS,
        channels: CHANNELS,
        prefix: PREFIX
      } as const
      await driver.order("open", { ...clients, port: holder.port }, OPEN_MS)
      await publishFor(cluster, warmUpMs)
      const before = await metric(holder, WRITTEN)
      const { result, ...cpu } = await cpuOf(cluster, () => publishFor(cluster, loadMs))
      const publications = result.requests * CHANNELS
      const written = (await settled(holder, before + publications)) - before
      return {
        figures: [
          { label: "**publications per second**", digits: 0, value: publications / result.seconds },
          {
            label: "CPU of the node that publishes, µs each",
            digits: 1,
            value: cpu.publisherUs / publications
          },
          {
            label: "CPU of the node with the clients, µs each",
            digits: 1,
            value: cpu.holderUs / publications
          },
          { label: "CPU of NATS, µs each", digits: 1, value: cpu.natsUs / publications }
        ],
        problems:
          written >= publications ? [] : [`${publications} were published, ${written} came to clients`],
        othersBusy: []
      }
    })
})

export const publishCases: ReadonlyArray<Case> = Object.values(deployments).map(publishCase)
