/** What each scenario sets: built-in values in place of those of the keys. A file, the environment and flags count more. */
import { SCENARIOS, type ScenarioName } from "./scenarioKeys.ts"
import type { Setting, Source } from "./sources.ts"

/** More connections than a step of one address can have: all at once. */
const ALL_AT_ONCE = 100_000

const presets: Readonly<Record<ScenarioName, Readonly<Record<string, unknown>>>> = {
  ramp: { "thresholds.errors": 0 },
  hold: {},
  spike: { "setup.batchSize": ALL_AT_ONCE },
  churn: { "reconnect.enabled": true },
  drop: {
    "protocol.type": "centrifuge",
    "reconnect.enabled": true,
    "publish.rate": 10,
    "thresholds.notRecovered": 0
  },
  "slow-reader": {},
  "find-max": { "thresholds.errors": 0, "thresholds.p99": 1000, "thresholds.delivered": 100 }
}

/** The values of the scenario that these sources, lowest precedence first, choose: to go before all of them. */
export const scenarioPreset = (sources: ReadonlyArray<Source>): Source => {
  const chosen = sources.flatMap(({ settings }) => settings).findLast(({ path }) => path === "scenario")
  const name = SCENARIOS.find((each) => each === chosen?.value)
  const settings = Object.entries(name === undefined ? {} : presets[name]).map(
    ([path, value]): Setting => ({ path, value, isText: false, source: `scenario ${name}` })
  )
  return { settings, problems: [] }
}
