/**
 * Three nodes and three NATS servers under faults: nothing acknowledged is lost to a client that recovers, nothing comes twice, no run of a schedule
 * is missed or doubled, none is late after the loss of a node, and all of it heals without a restart.
 *
 * `CLARION_TEST_ROUNDS=20 npx vitest run test/fault/cluster` adds so many faults in one trial, chosen by `CLARION_TEST_SEED`.
 */
import { describe, expect, it } from "vitest"
import { check } from "../../support/jepsen/check.ts"
import type { AnomalyKind } from "../../support/jepsen/checks/Anomaly.ts"
import { type ClusterOptions, startCluster } from "../../support/jepsen/cluster/Cluster.ts"
import { noIsland } from "../../support/jepsen/cluster/Island.ts"
import { type FaultName, faults } from "../../support/jepsen/faults/faults.ts"
import type { History } from "../../support/jepsen/History.ts"
import { planted, plants } from "../../support/jepsen/plants.ts"
import { Random } from "../../support/jepsen/Random.ts"
import { runTrial } from "../../support/jepsen/trial.ts"
import { noNatsServer } from "../../support/nats/NatsServer.ts"

const SEED = Number(process.env.CLARION_TEST_SEED ?? 1)
const ROUNDS = Number(process.env.CLARION_TEST_ROUNDS ?? 0)

interface Trial extends ClusterOptions {
  readonly faults: ReadonlyArray<FaultName>
}

const hasIsland = noIsland === undefined

/** Each with servers of its own. */
const trials: ReadonlyArray<Trial> = [
  { faults: ["killLeadingNode", "cutClients", "pauseLeadingNode", "killWorker"], workers: [2, 1, 0] },
  { faults: ["cutNode", "holdNode", ...(hasIsland ? (["unplugNode"] as const) : [])], hasIsland },
  { faults: ["killLeader", "killMetaLeader", "pauseAllNats"] }
]

const chosenBy = (seed: number): Trial => {
  const random = new Random(seed)
  const names = Object.keys(faults) as ReadonlyArray<FaultName>
  return {
    faults: Array.from({ length: ROUNDS }, () => random.pick(names)),
    workers: [0, 1, 2],
    hasIsland
  }
}

/** They end a process, which begins anew. */
const killing: ReadonlySet<FaultName> = new Set(["killNode", "killLeadingNode"])

/** What the checker has to see in a history of this very length and density, too. */
const promised: ReadonlySet<AnomalyKind> = new Set(["lost", "duplicate", "missed run", "doubled run"])

const expectPlantsFound = (history: History): void => {
  const random = new Random(SEED)
  for (const [name, kind, plant] of plants.filter(([, kind]) => promised.has(kind))) {
    const wrong = planted(history, plant, random.below(1000))!
    const found = check(wrong).anomalies.map((anomaly) => anomaly.kind)
    expect(found, name).toContain(kind)
  }
}

const survive = async ({ faults: chosen, ...options }: Trial): Promise<void> => {
  const cluster = await startCluster(options)
  const { history, report } = await runTrial({ cluster, seed: SEED, faults: chosen })
  expect(report).toMatch(/^no anomalies\n(?!.*did not heal)/s)
  expect(history.events.filter(({ type }) => type === "fault")).toHaveLength(2 * chosen.length)
  const killed = chosen.filter((name) => killing.has(name)).length
  expect(cluster.nodes.reduce((lives, node) => lives + node.lives, 0)).toBe(cluster.nodes.length + killed)
  expectPlantsFound(history)
}

describe.skipIf(noNatsServer !== undefined)(
  `three nodes over three NATS servers ${noNatsServer ?? ""}`,
  () => {
    it.each(trials.map((trial) => [trial.faults.join(", "), trial] as const))(
      "keep their word: %s",
      { timeout: 400_000 },
      (_, trial) => survive(trial)
    )

    if (noIsland !== undefined) it.skip(`keep their word: unplugNode, ${noIsland}`)

    it.runIf(ROUNDS > 0)(
      `keep their word over ${ROUNDS} faults of seed ${SEED}`,
      { timeout: 120_000 + ROUNDS * 60_000 },
      () => survive(chosenBy(SEED))
    )
  }
)
