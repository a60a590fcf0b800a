/** The bench of NATS: what a publication costs the servers between nodes, and a node that sends or takes it. */
import { type CaseResult, measureAll } from "./nats/cases.ts"
import { help, type Options, parse } from "./nats/options.ts"
import { machine } from "./support/conditions.ts"
import { program } from "./support/options.ts"
import { chooseCores } from "./support/pinning.ts"
import { saveResults } from "./support/results.ts"
import { number, table } from "./support/table.ts"

const shown = ({ title, figures, note }: CaseResult): string =>
  [
    `## ${title}`,
    table(
      ["", "value"],
      figures.map(({ label, value, digits }) => [label, number(value, digits)])
    ),
    ...(note === undefined ? [] : [note])
  ].join("\n\n")

const measure = async (options: Options): Promise<number> => {
  const cores = chooseCores()
  const where = `${machine(cores)}; payload of ${options.bytes} bytes`
  console.log(`${where}\n`)
  const results: Array<CaseResult> = []
  for await (const result of measureAll(options, cores)) {
    results.push(result)
    console.log(`${shown(result)}\n`)
  }
  console.log(`results: ${saveResults("nats", { where, options, results }, options.json)}`)
  return 0
}

export const run = program(help, parse, measure)
