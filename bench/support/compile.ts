/** Small programs in C, where JavaScript would be what is measured. */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Failed, Unavailable } from "./children.ts"
import { root } from "./results.ts"

/** Compiles bench/NAME.c, once for each folder, and returns the program. */
export const compile = (name: string, folder: string): string => {
  const program = join(folder, name)
  if (existsSync(program)) return program
  const source = join(root, "bench", `${name}.c`)
  const { error, status, stderr } = spawnSync("cc", ["-O2", "-o", program, source], { encoding: "utf8" })
  if (error !== undefined) throw new Unavailable(`no C compiler: ${error.message}`)
  if (status !== 0) throw new Failed(`cc failed: ${stderr.trim()}`)
  return program
}
