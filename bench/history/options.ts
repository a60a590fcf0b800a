/** The command line of the history bench. */
import { parseArgs } from "node:util"
import type { Parsed } from "../support/options.ts"
import type { ScenarioOptions } from "../support/scenario.ts"
import { scenarioFlags, scenarioOptions } from "../support/scenarioOptions.ts"
import { type ScenarioId, scenarioIds, scenarios } from "./scenarios.ts"

/** How much is measured. */
export interface Scale {
  /** Appends that many do at once; one after the other it is a fiftieth of it. */
  readonly appends: number
  /** Streams that are read. */
  readonly streams: number
  /** How long is published over HTTP, and how long before that is measured. */
  readonly loadMs: number
  readonly warmUpMs: number
}

export interface Options extends ScenarioOptions<ScenarioId> {
  readonly scale: Scale
}

const list = Object.entries(scenarios).map(([id, { about }]) => `  ${id}  ${about}`)

export const help = `Usage: npm run bench -- history [options]

History on one core, durable beside memory: appends per second, and recovery reads per second.

${list.join("\n")}

  --only LETTER,…   only these [${scenarioIds.join(",")}]
  --repeat N        repetitions of everything, interleaved [3; quick 1]
  --quick           a small part of everything, to try things out
  --json FILE       where the results go [data/bench/history-<time>.json]`

const full: Scale = { appends: 200_000, streams: 10_000, loadMs: 6_000, warmUpMs: 2_000 }
const quick: Scale = { appends: 10_000, streams: 500, loadMs: 2_000, warmUpMs: 1_000 }

export const parse = (args: ReadonlyArray<string>): Parsed<Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...scenarioFlags(scenarioIds)
      }
    })
    if (values.help) return "help"
    const { quick: isQuick } = values
    return {
      scale: isQuick ? quick : full,
      ...scenarioOptions(scenarioIds, values)
    }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}
