/** Scenario a: one publication at a time. */
import type { Case } from "./scenario.ts"
import { type Deployment, deployments, PREFIX, withCluster } from "./servers.ts"

const OPEN_MS = 20_000
const ROUNDS_MS = 120_000
/** Rounds before it is measured, while code is compiled. */
const WARM_UP = 300

const latencyCase = (deployment: Deployment): Case => ({
  title: deployment.title,
  measure: (context) =>
    withCluster(context, deployment, async ({ publisher, holder, driver }) => {
      const where = { port: holder.port, apiPort: publisher.port, prefix: PREFIX }
      await driver.order("open", { ...where, dialect: "channels", connections: 1, channels: 1 }, OPEN_MS)
      const rounds = (count: number) =>
        driver.order("rounds", { depth: 1, rounds: count, forMs: 0 }, ROUNDS_MS)
      await rounds(WARM_UP)
      const { latencyMs, short, stray, problem } = await rounds(context.scale.rounds)
      return {
        figures: [
          { label: "**latency p50, ms**", digits: 2, value: latencyMs.p50 ?? Number.NaN },
          { label: "**latency p99, ms**", digits: 2, value: latencyMs.p99 ?? Number.NaN }
        ],
        problems: [
          ...(problem === undefined ? [] : [problem]),
          ...(short + stray === 0 ? [] : [`${short} publications did not come, ${stray} came wrong`])
        ],
        othersBusy: []
      }
    })
})

export const latencyCases: ReadonlyArray<Case> = Object.values(deployments).map(latencyCase)
