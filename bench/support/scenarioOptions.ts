/** The command line of a bench of scenarios: the options that every one has, and its own. */
import { parseArgs } from "node:util"
import { integer, oneOf, type Parsed } from "./options.ts"
import type { ScenarioOptions } from "./scenario.ts"

const FLAGS = {
  only: { type: "string" },
  repeat: { type: "string" },
  quick: { type: "boolean", default: false },
  json: { type: "string" },
  help: { type: "boolean", short: "h" }
} as const

/** What was given for the options of one bench, as text. */
type Given<Name extends string> = { readonly [N in Name]?: string | undefined }

export interface ScenarioLine<Id extends string, Name extends string, O extends object> {
  readonly ids: ReadonlyArray<Id>
  /** Options of this bench alone, each with a value. */
  readonly names: ReadonlyArray<Name>
  /** Reads these. @throws what is wrong with a value */
  readonly read: (given: Given<Name>, isQuick: boolean) => O
}

/** What reads the command line of a bench. */
export const scenarioLine =
  <Id extends string, Name extends string, O extends object>({
    ids,
    names,
    read
  }: ScenarioLine<Id, Name, O>) =>
  (args: ReadonlyArray<string>): Parsed<ScenarioOptions<Id> & O> => {
    try {
      const own = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]))
      const { values } = parseArgs({ args: [...args], options: { ...own, ...FLAGS } })
      const { only = ids.join(), repeat, quick, json, help } = values
      if (help) return "help"
      return {
        repeat: integer("--repeat", repeat ?? (quick ? "1" : "3"), 1, 100),
        only: only.split(",").map((id) => oneOf("--only", "scenario", ids, id)),
        isQuick: quick,
        json,
        ...read(values as Given<Name>, quick)
      }
    } catch (error) {
      return { problem: (error as Error).message }
    }
  }

export interface ScenarioHelp {
  readonly name: string
  /** What it measures, in a line or more. */
  readonly about: string
  readonly scenarios: Readonly<Record<string, { readonly about: string }>>
  /** A line for each option of this bench alone; "" for none. */
  readonly own: string
  /** What is left with `--quick`. */
  readonly quick: string
}

/** What `--help` says. */
export const scenarioHelp = ({ name, about, scenarios, own, quick }: ScenarioHelp): string => {
  const list = Object.entries(scenarios).map(([id, { about }]) => `  ${id}  ${about}`)
  return `Usage: npm run bench -- ${name} [options]

${about}

${list.join("\n")}

  --only LETTER,…   only these [${Object.keys(scenarios).join(",")}]
${own === "" ? "" : `${own}\n`}  --repeat N        repetitions of everything, interleaved [3; quick 1]
  --quick           ${quick} of everything, to try things out: its figures are no verdicts
  --json FILE       where the results go [data/bench/${name}-<time>.json]`
}
