/** All scenarios, by their letters. */
import { noVerdicts } from "../support/scenario.ts"
import { byteCases, byteVerdicts } from "./bytes.ts"
import { latencyCases } from "./latency.ts"
import { publishCases } from "./publishing.ts"
import { recoveryCases } from "./recovering.ts"
import type { Scenario } from "./scenario.ts"

export const scenarios = {
  a: {
    about: "latency of one publication at a time, from the request to the client",
    cases: latencyCases,
    verdicts: noVerdicts
  },
  b: {
    about: "publications into 1,000 channels with history, published on one node and heard on the other",
    cases: publishCases,
    verdicts: noVerdicts
  },
  c: {
    about: "bytes that NATS carries for a publication to a node, by the subscribers there",
    cases: byteCases,
    verdicts: byteVerdicts
  },
  d: {
    about: "clients of one node come back on another one, which reads from JetStream what they missed",
    cases: recoveryCases,
    verdicts: noVerdicts
  }
} as const satisfies Record<string, Scenario>

export type ScenarioId = keyof typeof scenarios
export const scenarioIds = Object.keys(scenarios) as ReadonlyArray<ScenarioId>
