/** All scenarios, by their letters. */
import type { Scenario } from "./scenario.ts"
import { scrapingCases, scrapingVerdicts } from "./scraping.ts"
import { watchingCases, watchingVerdicts } from "./watching.ts"

export const scenarios = {
  a: {
    about:
      "a server with many connections and a thousand shards, while nobody looks, and with one page and five",
    cases: watchingCases,
    verdicts: watchingVerdicts
  },
  b: {
    about: "a server with a thousand shards that is scraped four times a second",
    cases: scrapingCases,
    verdicts: scrapingVerdicts
  }
} as const satisfies Record<string, Scenario>

export type ScenarioId = keyof typeof scenarios
export const scenarioIds = Object.keys(scenarios) as ReadonlyArray<ScenarioId>
