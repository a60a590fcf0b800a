/** The command line of the bench of NATS. */
import { parseArgs } from "node:util"
import { integer, type Parsed } from "../support/options.ts"

export interface Options {
  /** Bytes of what is published. */
  readonly bytes: number
  /** Publications of each measurement. */
  readonly publications: number
  readonly json: string | undefined
}

export const help = `Usage: npm run bench -- nats [options]

What one publication costs between nodes: bytes to each node that listens, CPU of the NATS server for each, CPU of the client library in the
node that sends and in the one that takes it, and publications per second that one JetStream stream acknowledges, on one server and on three.
And what channels cost a server: memory and disk of subscriptions, subjects and messages, and CPU of reading one.

  --bytes N         bytes of what is published [200]
  --publications N  publications of each measurement [20000]
  --json FILE       where the results go [data/bench/nats-<time>.json]`

export const parse = (args: ReadonlyArray<string>): Parsed<Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        bytes: { type: "string", default: "200" },
        publications: { type: "string", default: "20000" },
        json: { type: "string" },
        help: { type: "boolean", short: "h" }
      }
    })
    if (values.help) return "help"
    return {
      bytes: integer("--bytes", values.bytes, 1, 500_000),
      publications: integer("--publications", values.publications, 1_000, 10_000_000),
      json: values.json
    }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}
