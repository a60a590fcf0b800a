/** The command line of the cluster bench. */
import type { ScenarioOptions } from "../support/scenario.ts"
import { scenarioHelp, scenarioLine } from "../support/scenarioOptions.ts"
import { type ScenarioId, scenarioIds, scenarios } from "./scenarios.ts"

/** How much is measured. */
export interface Scale {
  /** Publications whose latency is measured, one after the other. */
  readonly rounds: number
  /** Publications whose bytes are counted. */
  readonly counted: number
  /** How long is published into a thousand channels, and how long before that is measured. */
  readonly loadMs: number
  readonly warmUpMs: number
  /** Clients that come back. */
  readonly clients: number
}

export interface Options extends ScenarioOptions<ScenarioId> {
  readonly scale: Scale
}

export const help = scenarioHelp({
  name: "cluster",
  about: `Two nodes and one NATS server on this machine, beside a node alone. Needs a nats-server on PATH. The servers share one core, clients
have another.`,
  scenarios,
  own: "",
  quick: "a small part"
})

const full: Scale = { rounds: 2000, counted: 500, loadMs: 6_000, warmUpMs: 2_000, clients: 5000 }
const quick: Scale = { rounds: 200, counted: 50, loadMs: 2_000, warmUpMs: 1_000, clients: 500 }

export const parse = scenarioLine({
  ids: scenarioIds,
  names: [],
  read: (_, isQuick) => ({ scale: isQuick ? quick : full })
})
