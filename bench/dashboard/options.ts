/** The command line of the dashboard bench. */
import { parseArgs } from "node:util"
import { integer, type Parsed } from "../support/options.ts"
import type { ScenarioOptions } from "../support/scenario.ts"
import { scenarioFlags, scenarioOptions } from "../support/scenarioOptions.ts"
import { type ScenarioId, scenarioIds, scenarios } from "./scenarios.ts"

/** How much is measured. */
export interface Scale {
  /** Connections of a server that is one process, and of one with workers. */
  readonly connections: number
  readonly workerConnections: number
  readonly workers: number
  /** Shards of all processes. */
  readonly shards: number
  /** How long the server is watched with so many pages open. */
  readonly watchMs: number
}

export interface Options extends ScenarioOptions<ScenarioId> {
  readonly scale: Scale
}

const list = Object.entries(scenarios).map(([id, { about }]) => `  ${id}  ${about}`)

export const help = `Usage: npm run bench -- dashboard [options]

What it costs a server that somebody looks at it, and that it is scraped.

${list.join("\n")}

  --only LETTER,…   only these [${scenarioIds.join(",")}]
  --connections N   of a server of one process, within its open-file limit [19000; quick 1000]
  --workers N       of a server of several [8; quick 2]
  --all N           connections of a server of several [100000; quick 2000]
  --shards N        of all processes together [1000]
  --repeat N        repetitions of everything, interleaved [3; quick 1]
  --quick           a small part of everything, to try things out: its figures are no verdicts
  --json FILE       where the results go [data/bench/dashboard-<time>.json]`

const full: Scale = {
  connections: 19_000,
  workerConnections: 100_000,
  workers: 8,
  shards: 1000,
  watchMs: 30_000
}
const quick: Scale = { connections: 1000, workerConnections: 2000, workers: 2, shards: 1000, watchMs: 5000 }

export const parse = (args: ReadonlyArray<string>): Parsed<Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...scenarioFlags(scenarioIds),
        connections: { type: "string" },
        workers: { type: "string" },
        all: { type: "string" },
        shards: { type: "string" }
      }
    })
    if (values.help) return "help"
    const scale = values.quick ? quick : full
    const given = (name: "connections" | "workers" | "all" | "shards", value: number, most: number) =>
      integer(`--${name}`, values[name] ?? String(value), 1, most)
    return {
      scale: {
        ...scale,
        connections: given("connections", scale.connections, 1_000_000),
        workers: given("workers", scale.workers, 64),
        workerConnections: given("all", scale.workerConnections, 1_000_000),
        shards: given("shards", scale.shards, 1024)
      },
      ...scenarioOptions(scenarioIds, values)
    }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}
