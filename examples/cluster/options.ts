/** What may be said on the command line. */
import { parseArgs } from "node:util"

const USAGE = `Two nodes of Clarion, a NATS server, and a port in front of both, on this machine.

npm run cluster -- [OPTIONS]
  --ports 8088,8089   of the nodes, as many as there are to be
  --front-port 8087   goes to a node that is up
  --nats-port 4222
  --data data/cluster what NATS and the nodes keep, and their logs
  --help`

export interface Options {
  readonly ports: ReadonlyArray<number>
  readonly frontPort: number
  readonly natsPort: number
  readonly data: string
}

const FLAGS = {
  ports: { type: "string", default: "8088,8089" },
  "front-port": { type: "string", default: "8087" },
  "nats-port": { type: "string", default: "4222" },
  data: { type: "string", default: "data/cluster" },
  help: { type: "boolean", default: false }
} as const

/** A text to print and to end with, or options; throws an Error that says what is wrong with them. */
const read = (): Options | undefined => {
  const { values } = parseArgs({ options: FLAGS })
  if (values.help) return undefined
  const port = (text: string) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= 1 && number <= 65_535) return number
    throw new Error(`${text} is no port`)
  }
  const ports = values.ports.split(",").map(port)
  const options = {
    ports,
    frontPort: port(values["front-port"]),
    natsPort: port(values["nats-port"]),
    data: values.data
  }
  if (ports.length < 2)
    throw new Error(`--ports ${values.ports}: two nodes at least, as in --ports 8088,8089`)
  const all = [...ports, options.frontPort, options.natsPort]
  if (new Set(all).size < all.length) throw new Error(`ports ${all.join(", ")}: each can be taken once`)
  return options
}

/** Ends the program where there is nothing to start. */
export const options = (): Options => {
  try {
    const given = read()
    if (given !== undefined) return given
    console.log(USAGE)
    return process.exit(0)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    return process.exit(78)
  }
}
