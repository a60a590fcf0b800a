/** The command line of the dashboard bench. */
import { integer } from "../support/options.ts"
import type { ScenarioOptions } from "../support/scenario.ts"
import { scenarioHelp, scenarioLine } from "../support/scenarioOptions.ts"
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

export const help = scenarioHelp({
  name: "dashboard",
  about: "What it costs a server that somebody looks at it, and that it is scraped.",
  scenarios,
  own: `  --connections N   of a server of one process, within its open-file limit [19000; quick 1000]
  --workers N       of a server of several [8; quick 2]
  --all N           connections of a server of several [100000; quick 2000]
  --shards N        of all processes together [1000]`,
  quick: "a small part"
})

const full: Scale = {
  connections: 19_000,
  workerConnections: 100_000,
  workers: 8,
  shards: 1000,
  watchMs: 30_000
}
const quick: Scale = { connections: 1000, workerConnections: 2000, workers: 2, shards: 1000, watchMs: 5000 }

export const parse = scenarioLine({
  ids: scenarioIds,
  names: ["connections", "workers", "all", "shards"],
  read: (given, isQuick) => {
    const scale = isQuick ? quick : full
    const figure = (name: keyof typeof given, value: number, most: number) =>
      integer(`--${name}`, given[name] ?? String(value), 1, most)
    return {
      scale: {
        ...scale,
        connections: figure("connections", scale.connections, 1_000_000),
        workers: figure("workers", scale.workers, 64),
        workerConnections: figure("all", scale.workerConnections, 1_000_000),
        shards: figure("shards", scale.shards, 1024)
      }
    }
  }
})
