/** Clarion's server as it is measured here, and programs that work on a store before, or instead of, a server. */
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { pinsOf, withBench } from "../support/bench.ts"
import { end, Failed, type Server, start, startServer } from "../support/children.ts"
import { clarionCommand, clarionSays } from "../support/contender.ts"
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

/** Runs a program of this folder on the server's core until it has written its result, which is JSON, and has ended. */
export const runProgram = <A>(
  { cores }: Context,
  program: "fill" | "create",
  args: ReadonlyArray<string | number>
): Promise<A> =>
  new Promise((resolve, reject) => {
    const file = fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url))
    const child = start({
      command: [process.execPath, file, ...args.map(String)],
      core: pinsOf(cores).server,
      stdio: ["ignore", "pipe", "inherit"]
    })
    let output = ""
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.once("error", (error) => reject(new Failed(error.message)))
    child.once("exit", (code, signal) => {
      // Above it stands what is logged.
      if (code === 0) resolve(JSON.parse(output.trim().split("\n").at(-1) ?? ""))
      else reject(new Failed(`${program} ended with ${signal ?? code}`))
    })
  })
