/** Clarion's server as it is measured here, and programs that work on a store before, or instead of, a server. */
import { join } from "node:path"
import { pinsOf, withBench } from "../support/bench.ts"
import { end, type Server, startServer } from "../support/children.ts"
import { clarionCommand, clarionSays } from "../support/contender.ts"
import type { Cores } from "../support/pinning.ts"
import { runProgram as runAlone } from "../support/runProgram.ts"
import type { Bench } from "../support/usage.ts"
import type { Context } from "./scenario.ts"

let stores = 0

/** A directory for a store, which is not there yet. */
export const newStore = ({ folder }: Pick<Context, "folder">): string => join(folder, `store-${++stores}`)

const command = (store: string) =>
  clarionCommand("uws", store, {
    "store.path": store,
    "limits.requestSize": "16777216",
    "schedules.max": "2000000"
  })

export const withClarion = <A>(
  context: Context,
  store: string,
  use: (bench: Bench) => Promise<A>
): Promise<A> => withBench(command(store), clarionSays("uws"), context.cores, use)

/** The server alone. */
export const withServer = async <A>(
  { cores }: Context,
  store: string,
  use: (server: Server) => Promise<A>
): Promise<A> => {
  const server = await startServer(command(store), pinsOf(cores).server, clarionSays("uws"))
  try {
    return await use(server)
  } finally {
    await end(server.child)
  }
}

/** Runs a program of this folder, on the server's core or wherever there is room. */
export const runProgram = <A>(
  { cores }: { readonly cores: Cores },
  program: "fill" | "create" | "floor",
  args: ReadonlyArray<string | number>
): Promise<A> => runAlone(cores, new URL(`./programs/${program}.js`, import.meta.url), args)
