/**
 * The channels bench: the client protocol and the server API, on Clarion and beside it.
 *
 * Every repetition starts every server afresh, one after the other, so that what disturbs the machine for a while disturbs all alike.
 */
import { hostFacts } from "clarion/client/report/hostFacts"
import { help, type Options, parse } from "./channels/options.ts"
import { Results } from "./channels/results.ts"
import type { Context, Measured } from "./channels/scenario.ts"
import { scenarios } from "./channels/scenarios.ts"
import { calmServerCore } from "./support/calm.ts"
import { machine } from "./support/conditions.ts"
import { withFolder } from "./support/folder.ts"
import { program } from "./support/options.ts"
import { attempted } from "./support/outcome.ts"
import { chooseCores } from "./support/pinning.ts"
import { saveResults } from "./support/results.ts"
import { disturbance } from "./support/rounds.ts"
import { number } from "./support/table.ts"
import { verdictLine } from "./support/verdicts.ts"

const start = async (options: Options): Promise<number> => {
  const cores = chooseCores()
  const results = new Results(options.only)
  const startedAt = new Date()
  console.log(machine(cores))
  console.log(
    `${options.scale.connections} connections, ${options.repeat} repetitions; Clarion on ${options.transport}`
  )
  await withFolder((folder) => measure({ ...options, cores, folder }, results))
  print(options, results)
  const file = saveResults(
    "channels",
    {
      ...{ bench: "channels", startedAt: startedAt.toISOString(), host: hostFacts(), cores, options },
      scenarios: Object.fromEntries(
        [...results.scenarios].map(([id, cases]) => [id, Object.fromEntries(cases)])
      ),
      verdicts: results.verdicts()
    },
    options.json
  )
  console.log(`\nall figures: ${file}`)
  return results.hasFailures ? 1 : 0
}

const measure = async (context: Context, results: Results): Promise<void> => {
  const { repeat, only, cores, isQuick } = context
  for (let repetition = 1; repetition <= repeat; repetition++) {
    for (const id of only) {
      for (const { title, measure } of scenarios[id].cases) {
        process.stderr.write(`${repetition}/${repeat} ${id}: ${title} … `)
        if (!isQuick) await calmServerCore(cores)
        const said = await attempted(results.outcome(id, title), () => measure(context), inShort)
        process.stderr.write(`${said}\n`)
      }
    }
  }
}

/** The figures in bold. */
const inShort = ({ figures }: Measured): string =>
  figures
    .filter(({ label }) => label.includes("**"))
    .map(({ label, digits, value }) => `${label.replaceAll("**", "")} ${number(value, digits)}`)
    .join("; ")

const print = (options: Options, results: Results): void => {
  for (const id of options.only) {
    console.log(`\n${scenarios[id].about}\n\n${results.table(id)}\n`)
    for (const note of results.notes(id)) console.log(`- ${note}`)
  }
  console.log("\nTargets")
  for (const verdict of results.verdicts()) console.log(verdictLine(verdict))
  const disturbed = disturbance(results.disturbances)
  if (disturbed !== undefined) console.log(disturbed)
}

export const run = program(help, parse, start)
