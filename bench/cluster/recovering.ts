/** Scenario d: everyone was cut off, missed something, and comes back at once on a node that knows nothing of their channels. */
import type { Case } from "./scenario.ts"
import { cpuOf, type Deployment, deployments, PREFIX, withCluster } from "./servers.ts"

/** Publications that each client has missed. */
const MISSED = 50
const OPEN_MS = 90_000
const PUBLISH_MS = 120_000

const recoveryCase = (
  title: string,
  deployment: Deployment,
  channelsOf: (clients: number) => number
): Case => ({
  title: `${title}, ${deployment.title}`,
  measure: (context) =>
    withCluster(context, deployment, async (cluster) => {
      const { publisher, holder, driver } = cluster
      const { clients } = context.scale
      const where = { prefix: PREFIX, channels: channelsOf(clients) }
      const open = { ...where, port: holder.port, dialect: "channels", connections: clients } as const
      await driver.order("open", open, OPEN_MS)
      await driver.order("cut", {}, OPEN_MS)
      await driver.order("publish", { ...where, port: publisher.port, each: MISSED }, PUBLISH_MS)
      const { result, ...cpu } = await cpuOf(cluster, () =>
        driver.order("recover", { missed: MISSED, port: publisher.port }, OPEN_MS)
      )
      return {
        figures: [
          { label: "**seconds to the last publication**", digits: 2, value: result.seconds },
          { label: "a client p50, ms", digits: 0, value: result.clientMs.p50 ?? Number.NaN },
          { label: "a client p99, ms", digits: 0, value: result.clientMs.p99 ?? Number.NaN },
          { label: "CPU of the node, µs for a client", digits: 0, value: cpu.publisherUs / clients },
          { label: "CPU of NATS, µs for a client", digits: 0, value: cpu.natsUs / clients }
        ],
        problems: [],
        othersBusy: []
      }
    })
})

const kinds = [
  ["one channel for all", () => 1],
  ["channels of their own", (clients: number) => clients]
] as const

export const recoveryCases: ReadonlyArray<Case> = kinds.flatMap(([title, channelsOf]) =>
  [deployments.embedded, deployments.twoNodes].map((deployment) =>
    recoveryCase(title, deployment, channelsOf)
  )
)
