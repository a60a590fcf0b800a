/** Programs that are measured from inside: each runs alone on the server's core. */
import { fileURLToPath } from "node:url"
import { pinsOf } from "./bench.ts"
import { Failed, start } from "./children.ts"
import type { Cores } from "./pinning.ts"

/** Runs it until it has ended; its last line is its result, as JSON. */
export const runProgram = <A>(cores: Cores, program: URL, args: ReadonlyArray<string | number>): Promise<A> =>
  new Promise((resolve, reject) => {
    const child = start({
      command: [process.execPath, fileURLToPath(program), ...args.map(String)],
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
      else reject(new Failed(`${program.pathname} ended with ${signal ?? code}`))
    })
  })
