/**
 * A bench of scenarios as a program.
 *
 * Every repetition starts every server afresh, one after the other, so that what disturbs the machine for a while disturbs all alike.
 */
import { hostFacts } from "clarion/client/report/hostFacts"
import { calmServerCore } from "./calm.ts"
import { machine } from "./conditions.ts"
import { withFolder } from "./folder.ts"
import { type Parsed, program } from "./options.ts"
import { attempted } from "./outcome.ts"
import { chooseCores } from "./pinning.ts"
import { saveResults } from "./results.ts"
import { disturbance } from "./rounds.ts"
import { ScenarioResults } from "./ScenarioResults.ts"
import type { Context, Measured, ScenarioOptions, Scenarios } from "./scenario.ts"
import { number } from "./table.ts"
import { verdictLine } from "./verdicts.ts"

export interface ScenarioBench<O, Id extends string> {
  readonly name: string
  readonly help: string
  readonly parse: (args: ReadonlyArray<string>) => Parsed<O & object>
  readonly scenarios: Scenarios<O, Id>
  /** What is measured, in a line. */
  readonly title: (options: O) => string
}

/** The figures in bold. */
const inShort = ({ figures }: Measured): string =>
  figures
    .filter(({ label }) => label.includes("**"))
    .map(({ label, digits, value }) => `${label.replaceAll("**", "")} ${number(value, digits)}`)
    .join("; ")

const measure = async <O extends ScenarioOptions<Id>, Id extends string>(
  context: Context<O>,
  results: ScenarioResults<O, Id>
): Promise<void> => {
  const { repeat, only, cores, isQuick } = context
  for (let repetition = 1; repetition <= repeat; repetition++) {
    for (const id of only) {
      for (const { title, measure } of results.scenarios[id].cases) {
        process.stderr.write(`${repetition}/${repeat} ${id}: ${title} … `)
        if (!isQuick) await calmServerCore(cores)
        const said = await attempted(results.outcome(id, title), () => measure(context), inShort)
        process.stderr.write(`${said}\n`)
      }
    }
  }
}

const print = <O, Id extends string>(results: ScenarioResults<O, Id>): void => {
  for (const id of results.ids) {
    console.log(`\n${results.scenarios[id].about}\n\n${results.table(id)}\n`)
    for (const note of results.notes(id)) console.log(`- ${note}`)
  }
  console.log("\nTargets")
  for (const verdict of results.verdicts()) console.log(verdictLine(verdict))
  const disturbed = disturbance(results.disturbances)
  if (disturbed !== undefined) console.log(disturbed)
}

export const scenarioBench = <O extends ScenarioOptions<Id>, Id extends string>({
  name,
  help,
  parse,
  scenarios,
  title
}: ScenarioBench<O, Id>) =>
  program(help, parse, async (options: O): Promise<number> => {
    const cores = chooseCores()
    const results = new ScenarioResults(scenarios, options.only)
    const startedAt = new Date()
    console.log(machine(cores))
    console.log(title(options))
    await withFolder((folder) => measure({ ...options, cores, folder }, results))
    print(results)
    const file = saveResults(
      name,
      {
        ...{ bench: name, startedAt: startedAt.toISOString(), host: hostFacts(), cores, options },
        scenarios: Object.fromEntries(
          [...results.outcomes].map(([id, cases]) => [id, Object.fromEntries(cases)])
        ),
        verdicts: results.verdicts()
      },
      options.json
    )
    console.log(`\nall figures: ${file}`)
    return results.hasFailures ? 1 : 0
  })
