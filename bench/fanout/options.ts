/** The command line of the fan-out bench. */
import { parseArgs } from "node:util"
import { connectionCapacity, openFileLimit } from "clarion/services/openFiles"
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

/** Options, or what is wrong with them. */
export const parse = (args: ReadonlyArray<string>): Options | { readonly problem: string } | "help" => {
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
      only: values.only.split(",").map(contender),
      loopConnections: connectionsOf("--loop-connections", values["loop-connections"], 0),
      json: values.json
    }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}

/**
 * CPU time is read in ticks of 10 ms: so many messages cost every server about two seconds or more, which makes it exact to 1 %.
 * Depth makes messages cheaper, so there have to be more.
 */
const enoughRounds = (connections: number, depth: number): number => {
  const deliveries = depth === 1 ? 1_000_000 : 3_000_000
  return Math.max(10, Math.ceil(deliveries / (connections * depth)))
}

const integer = (option: string, text: string, least: number, most: number): number => {
  const value = Number(text)
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${option}: expected a whole number from ${least} to ${most}, found "${text}"`)
}

/** Server and driver hold one file for each connection. */
const connectionsOf = (option: string, text: string, least: number): number => {
  const capacity = connectionCapacity(openFileLimit())
  const value = integer(option, text, least, 1_000_000)
  if (value <= capacity) return value
  throw new Error(
    `${option}: ${value} connections do not fit: a process may open ${openFileLimit()} files here (ulimit -n), which is room for ${capacity}`
  )
}

const contender = (text: string): ContenderName => {
  const name = contenderNames.find((known) => known === text)
  if (name !== undefined) return name
  throw new Error(`--only: there is no server "${text}"; there are ${contenderNames.join(", ")}`)
}
