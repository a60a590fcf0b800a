/** The command line of the schedules bench. */
import { parseArgs } from "node:util"
import { integer, type Parsed } from "../support/options.ts"
import type { ScenarioOptions } from "../support/scenario.ts"
import { scenarioFlags, scenarioOptions } from "../support/scenarioOptions.ts"
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

const list = Object.entries(scenarios).map(([id, { about }]) => `  ${id}  ${about}`)

export const help = `Usage: npm run bench -- schedules [options]

Schedules in a store on disk: what many of them cost, how soon they fire, how many can be made.

${list.join("\n")}

  --only LETTER,…   only these [${scenarioIds.join(",")}]
  --pending N       schedules that wait in the store, of a [1000000; quick 50000]
  --repeat N        repetitions of everything, interleaved [3; quick 1]
  --quick           a small part of everything, to try things out: its figures are no verdicts
  --json FILE       where the results go [data/bench/schedules-<time>.json]`

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

export const parse = (args: ReadonlyArray<string>): Parsed<Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...scenarioFlags(scenarioIds),
        pending: { type: "string" }
      }
    })
    if (values.help) return "help"
    const { quick: isQuick } = values
    const scale = isQuick ? quick : full
    const pending = integer("--pending", values.pending ?? String(scale.pending), 1, 2_000_000)
    return {
      scale: { ...scale, pending },
      ...scenarioOptions(scenarioIds, values)
    }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}
