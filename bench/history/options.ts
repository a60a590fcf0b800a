/** The command line of the history bench. */
import type { ScenarioOptions } from "../support/scenario.ts"
import { scenarioHelp, scenarioLine } from "../support/scenarioOptions.ts"
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

export const help = scenarioHelp({
  name: "history",
  about: "History on one core, durable beside memory: appends per second, and recovery reads per second.",
  scenarios,
  own: "",
  quick: "a small part"
})

const full: Scale = { appends: 200_000, streams: 10_000, loadMs: 6_000, warmUpMs: 2_000 }
const quick: Scale = { appends: 10_000, streams: 500, loadMs: 2_000, warmUpMs: 1_000 }

export const parse = scenarioLine({
  ids: scenarioIds,
  names: [],
  read: (_, isQuick) => ({ scale: isQuick ? quick : full })
})
