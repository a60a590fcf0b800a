/** The command line of the history bench. */
import { parseArgs } from "node:util"
import { integer, oneOf, type Parsed } from "../support/options.ts"
import type { ScenarioOptions } from "../support/scenario.ts"
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
        only: { type: "string", default: scenarioIds.join(",") },
        repeat: { type: "string" },
        quick: { type: "boolean", default: false },
        json: { type: "string" },
        help: { type: "boolean", short: "h" }
      }
    })
    if (values.help) return "help"
    const { quick: isQuick, json } = values
    return {
      scale: isQuick ? quick : full,
      repeat: integer("--repeat", values.repeat ?? (isQuick ? "1" : "3"), 1, 100),
      only: values.only.split(",").map((id) => oneOf("--only", "scenario", scenarioIds, id)),
      ...{ isQuick, json }
    }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}
