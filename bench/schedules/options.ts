/** The command line of the schedules bench. */
import { integer } from "../support/options.ts"
import type { ScenarioOptions } from "../support/scenario.ts"
import { scenarioHelp, scenarioLine } from "../support/scenarioOptions.ts"
import { type ScenarioId, scenarioIds, scenarios } from "./scenarios.ts"

/** How much is measured. */
export interface Scale {
  /** Schedules that wait in the store. */
  readonly pending: number
  /** Schedules that are due in the same moment, or second. */
  readonly burst: number
  /** Schedules that are due one after the other. */
  readonly spread: number
  /** Schedules that an embedding program creates. */
  readonly creates: number
  /** How long schedules are created over HTTP, and how long before that is measured. */
  readonly loadMs: number
  readonly warmUpMs: number
}

export interface Options extends ScenarioOptions<ScenarioId> {
  readonly scale: Scale
}

export const help = scenarioHelp({
  name: "schedules",
  about: "Schedules in a store on disk: what many of them cost, how soon they fire, how many can be made.",
  scenarios,
  own: `  --pending N       schedules that wait in the store, of a [1000000; quick 50000]`,
  quick: "a small part"
})

const full: Scale = {
  pending: 1_000_000,
  burst: 10_000,
  spread: 1_000,
  creates: 200_000,
  loadMs: 6_000,
  warmUpMs: 2_000
}
const quick: Scale = {
  pending: 50_000,
  burst: 10_000,
  spread: 200,
  creates: 20_000,
  loadMs: 2_000,
  warmUpMs: 1_000
}

export const parse = scenarioLine({
  ids: scenarioIds,
  names: ["pending"],
  read: (given, isQuick) => {
    const scale = isQuick ? quick : full
    const pending = integer("--pending", given.pending ?? String(scale.pending), 1, 2_000_000)
    return { scale: { ...scale, pending } }
  }
})
