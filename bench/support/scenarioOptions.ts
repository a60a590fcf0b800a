/** The options that every bench of scenarios has, on its command line. */
import { integer, oneOf } from "./options.ts"
import type { ScenarioOptions } from "./scenario.ts"

/** For `parseArgs`. */
export const scenarioFlags = (ids: ReadonlyArray<string>) =>
  ({
    only: { type: "string", default: ids.join(",") },
    repeat: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", short: "h" }
  }) as const

export interface ScenarioValues {
  readonly only: string
  readonly repeat?: string | undefined
  readonly quick: boolean
  readonly json?: string | undefined
}

/** @throws what is wrong with a value */
export const scenarioOptions = <Id extends string>(
  ids: ReadonlyArray<Id>,
  { only, repeat, quick, json }: ScenarioValues
): ScenarioOptions<Id> => ({
  repeat: integer("--repeat", repeat ?? (quick ? "1" : "3"), 1, 100),
  only: only.split(",").map((id) => oneOf("--only", "scenario", ids, id)),
  isQuick: quick,
  json
})
