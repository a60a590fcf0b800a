/** The scenarios by their names. */
import type { ScenarioName } from "../../config/scenarioKeys.ts"
import { churn } from "./churn.ts"
import { drop } from "./drop.ts"
import { findMax } from "./findMax.ts"
import { hold } from "./hold.ts"
import { ramp } from "./ramp.ts"
import type { MakeScenario } from "./Scenario.ts"
import { slowReader } from "./slowReader.ts"
import { spike } from "./spike.ts"

const scenarios: Readonly<Record<ScenarioName, MakeScenario>> = {
  ramp,
  hold,
  spike,
  churn,
  drop,
  "slow-reader": slowReader,
  "find-max": findMax
}

export const scenarioOf = (name: ScenarioName): MakeScenario => scenarios[name]
