/** The command line of the channels bench. */
import type { TransportName } from "../support/contender.ts"
import { connectionsOf, oneOf } from "../support/options.ts"
import { enoughRounds } from "../support/rounds.ts"
import type { ScenarioOptions } from "../support/scenario.ts"
import { scenarioHelp, scenarioLine } from "../support/scenarioOptions.ts"
import { type ScenarioId, scenarioIds, scenarios } from "./scenarios.ts"

/** How much is measured. */
export interface Scale {
  readonly connections: number
  /** Measured rounds. @param deliveries of one round, at depth 1 */
  readonly rounds: (deliveries: number, depth: number) => number
  /** How long the server API is loaded, and how long before that is measured. */
  readonly loadMs: number
  readonly warmUpMs: number
  /** How long idle clients are watched, after each has been pinged once. */
  readonly idleMs: number
  readonly idleAfterMs: number
}

export interface Options extends ScenarioOptions<ScenarioId> {
  readonly scale: Scale
  /** Clarion's. */
  readonly transport: TransportName
  /** Where profiles of Clarion go; undefined: none are taken. */
  readonly profile: string | undefined
}

export const help = scenarioHelp({
  name: "channels",
  about: `Channels of the client protocol and the server API: starts one server after the other, each alone on one core, with the
same driver, alone on another core. Prints what they cost, side by side, and judges Clarion's targets.`,
  scenarios,
  own: `  --connections N   connections to each server [10000; quick 1000]
  --transport NAME  Clarion's: uws or ws [uws]
  --profile DIR     take profiles of Clarion (.cpuprofile), which costs it some CPU`,
  quick: "a tenth"
})

const PING_INTERVAL_MS = 25_000

const fullScale = (connections: number): Scale => ({
  connections,
  rounds: enoughRounds,
  loadMs: 6_000,
  warmUpMs: 3_000,
  idleMs: 2 * PING_INTERVAL_MS,
  idleAfterMs: PING_INTERVAL_MS
})

/** Within one interval each client is pinged once, at a time of its own. */
const quickScale = (connections: number): Scale => ({
  connections,
  rounds: (deliveries, depth) => Math.ceil(enoughRounds(deliveries, depth) / 10),
  loadMs: 2_000,
  warmUpMs: 1_000,
  idleMs: PING_INTERVAL_MS,
  idleAfterMs: 0
})

export const parse = scenarioLine({
  ids: scenarioIds,
  names: ["connections", "transport", "profile"],
  read: ({ connections, transport = "uws", profile }, isQuick) => {
    const count = connectionsOf("--connections", connections ?? (isQuick ? "1000" : "10000"), 100)
    return {
      scale: isQuick ? quickScale(count) : fullScale(count),
      transport: oneOf<TransportName>("--transport", "transport", ["uws", "ws"], transport),
      profile
    }
  }
})
