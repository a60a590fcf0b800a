/** The command line of the fan-out bench. */
import { parseArgs } from "node:util"
import { connectionsOf, integer, oneOf, type Parsed } from "../support/options.ts"
import { enoughRounds } from "../support/rounds.ts"
import { type ContenderName, contenderNames } from "./contenders.ts"

export interface Options {
  readonly connections: number
  /** Measured rounds at each depth. */
  readonly rounds: (depth: number) => number
  readonly depths: ReadonlyArray<number>
  readonly repeat: number
  readonly only: ReadonlyArray<ContenderName>
  /** Connections of the run that measures the event loop's delay; 0: no such run. */
  readonly loopConnections: number
  readonly json: string | undefined
}

const MAX_DEPTH = 1000

export const help = `Usage: npm run bench -- fanout [options]

Starts one server after the other, each alone on one core, and lets the same driver, alone on another core, send
messages that every connection hears. Prints what they cost, side by side, and judges Clarion's targets.

  --connections N       connections to each server [10000]
  --depths K,…          messages triggered at once in a round [1,10]
  --rounds N            measured rounds at each depth [1,000,000 deliveries at depth 1, 3,000,000 beyond]
  --repeat N            repetitions of everything, interleaved [3]
  --only NAME,…         only these servers: ${contenderNames.join(", ")}
  --loop-connections N  connections while the event loop's delay is measured; 0: do not [15000]
  --json FILE           where the results go [data/bench/fanout-<time>.json]`

export const parse = (args: ReadonlyArray<string>): Parsed<Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        connections: { type: "string", default: "10000" },
        depths: { type: "string", default: "1,10" },
        rounds: { type: "string" },
        repeat: { type: "string", default: "3" },
        only: { type: "string", default: contenderNames.join(",") },
        "loop-connections": { type: "string", default: "15000" },
        json: { type: "string" },
        help: { type: "boolean", short: "h" }
      }
    })
    if (values.help) return "help"
    const connections = connectionsOf("--connections", values.connections, 1)
    const rounds = values.rounds === undefined ? undefined : integer("--rounds", values.rounds, 1, 1_000_000)
    return {
      connections,
      rounds: (depth) => rounds ?? enoughRounds(connections, depth),
      depths: values.depths.split(",").map((depth) => integer("--depths", depth, 1, MAX_DEPTH)),
      repeat: integer("--repeat", values.repeat, 1, 100),
      only: values.only.split(",").map((name) => oneOf("--only", "server", contenderNames, name)),
      loopConnections: connectionsOf("--loop-connections", values["loop-connections"], 0),
      json: values.json
    }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}
