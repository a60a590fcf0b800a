/** The scenarios of this bench are measured with its options. */
import type * as Scenarios from "../support/scenario.ts"
import type { Options } from "./options.ts"

export type Context = Scenarios.Context<Options>
export type Case = Scenarios.Case<Options>
export type Scenario = Scenarios.Scenario<Options>
