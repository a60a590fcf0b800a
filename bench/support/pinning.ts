/** Which core a process runs on: server and driver must not share one, and must not wander. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

/** Two cores of those that this process may use, or why there are none to choose. */
export type Cores = { readonly server: number; readonly driver: number } | { readonly unpinned: string }

export const chooseCores = (): Cores => {
  const [server, driver] = allowedCores()
  if (server === undefined || driver === undefined) return { unpinned: "there is only one core" }
  const tried = spawnSync("taskset", ["-c", String(driver), "true"])
  if (tried.status !== 0) return { unpinned: "taskset is missing or may not pin" }
  return { server, driver }
}

export const pinned = (command: ReadonlyArray<string>, core: number | undefined): ReadonlyArray<string> =>
  core === undefined ? command : ["taskset", "-c", String(core), ...command]

/** The kernel's list, such as "0-3,8". */
const allowedCores = (): ReadonlyArray<number> => {
  try {
    const [, list = ""] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? []
    return list.split(",").flatMap((part) => {
      const [first = 0, last = first] = part.split("-").map(Number)
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    })
  } catch {
    return []
  }
}
