/** The harness of the cluster's faults over one node with durable history: what a node alone promises, and that the harness sees it. */
import { expect, it } from "vitest"
import { startAlone } from "../../support/jepsen/cluster/Cluster.ts"
import { runTrial } from "../../support/jepsen/trial.ts"

it("a node alone that is killed loses nothing, doubles nothing and misses no run", {
  timeout: 90_000
}, async () => {
  const cluster = await startAlone()
  const { history, verdict, unhealed, report } = await runTrial({
    cluster,
    seed: 1,
    faults: ["cutClients", "killNode"]
  })
  expect([report, verdict.anomalies, unhealed]).toEqual([report, [], []])
  expect(verdict.recoveries).toBeGreaterThan(0)
  expect(history.events.some(({ type }) => type === "runs")).toBe(true)
})
