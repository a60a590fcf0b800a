/** Clarion's server as it is measured here, and programs beside it. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { withBench } from "../support/bench.ts"
import { clarionCommand, clarionSays } from "../support/contender.ts"
import { runProgram as runAlone } from "../support/runProgram.ts"
import type { Bench } from "../support/usage.ts"
import type { Context } from "./scenario.ts"

/** Where history is kept. */
export type Kind = "memory" | "durable"

let stores = 0

/** A directory for a store, which is not there yet. */
export const newStore = ({ folder }: Pick<Context, "folder">): string => join(folder, `store-${++stores}`)

const history = { historySize: 100, historyTtl: "1 hour" }
const namespaces = [
  { name: "memory", ...history },
  { name: "durable", ...history, history: { durable: true } }
]

/** Its channels are named `memory:…` and `durable:…`. */
export const withClarion = <A>(context: Context, use: (bench: Bench) => Promise<A>): Promise<A> => {
  const store = newStore(context)
  const config = join(context.folder, "history.json")
  writeFileSync(config, JSON.stringify({ channels: { namespaces } }))
  const command = clarionCommand("uws", store, { config, "store.path": store })
  return withBench(command, clarionSays("uws"), context.cores, use)
}

/** Runs a program of this folder. */
export const runProgram = <A>(
  { cores }: Context,
  program: "appends" | "recoveries",
  args: ReadonlyArray<string | number>
): Promise<A> => runAlone(cores, new URL(`./programs/${program}.js`, import.meta.url), args)
