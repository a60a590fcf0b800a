/** The command line of the c1000k bench. */
import { parseArgs } from "node:util"
import { integer, type Parsed } from "../support/options.ts"

export interface Options {
  readonly connections: number
  readonly broadcasts: number
  /** Connections that the clients begin in a second, all together. */
  readonly rate: number
  /** Seconds from one tick of the broadcast timer to the next. */
  readonly interval: number
  /** Seconds of silence before a connection is pinged; 0: no pings. */
  readonly ping: number
  readonly transport: "uws" | "ws"
  /** Where it runs: in a network namespace of its own, or in the one that it was started in. */
  readonly network: "own" | "here"
  readonly json: string | undefined
}

export const help = `Usage: npm run bench -- c1000k [options]

The classic reproduction: a server holds very many connections, and a broadcast reaches all of them. Starts Clarion's server with as many
workers, and its load client with as many processes and local addresses, as the connections need on this machine; ramps, holds,
broadcasts, and says what it took. Refuses, with what is missing, where the connections do not fit.

  --connections N    connections to open [1000000]
  --broadcasts K     broadcasts to everyone [3]
  --rate N           connections that the clients begin in a second [11000; up to 25,000 connections 8000]
  --interval S       seconds from broadcast to broadcast, at least 10 [20]
  --ping S           seconds of silence before a ping; 0 as in the classic test, which knows none [0]
  --transport NAME   uws or ws [uws]
  --network WHERE    own: in a network namespace of its own, where root starts it; or here [own]
  --json FILE        where the results go [data/bench/c1000k-<time>.json]`

/** Seconds: a broadcast is followed until its last copies are read, before the next one comes. */
const LEAST_INTERVAL = 10

/** What two cores keep up with; so few connections that one process may open all of them have one core for it. */
const paceFor = (connections: number): string => (connections > 25_000 ? "11000" : "8000")

export const parse = (args: ReadonlyArray<string>): Parsed<Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        connections: { type: "string", default: "1000000" },
        broadcasts: { type: "string", default: "3" },
        rate: { type: "string" },
        interval: { type: "string", default: "20" },
        ping: { type: "string", default: "0" },
        transport: { type: "string", default: "uws" },
        network: { type: "string", default: "own" },
        json: { type: "string" },
        help: { type: "boolean", short: "h" }
      }
    })
    if (values.help) return "help"
    const { transport, network } = values
    if (network !== "own" && network !== "here") {
      throw new Error(`--network: expected own or here, found "${network}"`)
    }
    if (transport !== "uws" && transport !== "ws") {
      throw new Error(`--transport: expected uws or ws, found "${transport}"`)
    }
    const connections = integer("--connections", values.connections, 1, 100_000_000)
    return {
      connections,
      broadcasts: integer("--broadcasts", values.broadcasts, 1, 1000),
      rate: integer("--rate", values.rate ?? paceFor(connections), 1, 1_000_000),
      interval: integer("--interval", values.interval, LEAST_INTERVAL, 3600),
      ping: integer("--ping", values.ping, 0, 3600),
      transport,
      network,
      json: values.json
    }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}
