/** Results of a run as a file: everything that was measured, not only what was printed. */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The checkout: this file runs as dist/bench/support/results.js. */
export const root = fileURLToPath(new URL("../../../", import.meta.url))

/**
 * Not kept in bench/, where a new file would make the next start compile everything.
 *
 * @param file where it goes; a file of its own under data/bench without it
 */
export const saveResults = (bench: string, results: unknown, file?: string): string => {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-")
  const path = file ?? join(root, "data", "bench", `${bench}-${stamp}.json`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`)
  return path
}
