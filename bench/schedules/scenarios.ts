/** All scenarios, by their letters. */
import { burstCases, burstVerdicts, spreadCases, spreadVerdicts } from "./firing.ts"
import { httpCases, httpVerdicts, serviceCases, serviceVerdicts } from "./making.ts"
import { pendingCases, pendingVerdicts } from "./pending.ts"
import type { Scenario } from "./scenario.ts"

export const scenarios = {
  a: {
    about: "a start with many schedules that wait, and what they take of the server's memory",
    cases: pendingCases,
    verdicts: pendingVerdicts
  },
  b: {
    about: "many schedules that are due in the same moment, or second",
    cases: burstCases,
    verdicts: burstVerdicts
  },
  c: {
    about: "schedules that are due one after the other, on a server that does nothing else",
    cases: spreadCases,
    verdicts: spreadVerdicts
  },
  d: {
    about: "schedules made by an embedding program, 1,000 at a time",
    cases: serviceCases,
    verdicts: serviceVerdicts
  },
  e: {
    about: "schedules made over HTTP, each on disk when it is answered",
    cases: httpCases,
    verdicts: httpVerdicts
  }
} as const satisfies Record<string, Scenario>

export type ScenarioId = keyof typeof scenarios
export const scenarioIds = Object.keys(scenarios) as ReadonlyArray<ScenarioId>
