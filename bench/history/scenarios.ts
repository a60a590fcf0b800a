/** All scenarios, by their letters. */
import { noVerdicts } from "../support/scenario.ts"
import { appendCases } from "./appending.ts"
import { publishCases } from "./publishing.ts"
import { recoveryCases } from "./recovering.ts"
import type { Scenario } from "./scenario.ts"

export const scenarios = {
  a: {
    about: "appends by an embedding program, 100 B into 1,000 channels that keep 100 each",
    cases: appendCases,
    verdicts: noVerdicts
  },
  b: {
    about: "publications over HTTP into one channel that keeps 100, each on disk when it is answered",
    cases: publishCases,
    verdicts: noVerdicts
  },
  c: {
    about: "recovery reads: the 50 newest of a stream's 100 publications of 100 B",
    cases: recoveryCases,
    verdicts: noVerdicts
  }
} as const satisfies Record<string, Scenario>

export type ScenarioId = keyof typeof scenarios
export const scenarioIds = Object.keys(scenarios) as ReadonlyArray<ScenarioId>
