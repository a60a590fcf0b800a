/** How many files, and so sockets, this process may open. */
import { readFileSync } from "node:fs"

/** Files that are not connections: the runtime, logs, the store, and accepted sockets that have not shaken hands yet. */
const RESERVE = 512

/** `ulimit -n`, the soft limit; undefined where the system does not tell (it does on Linux). */
export const openFileLimit = (): number | undefined => {
  try {
    const [, soft] =
      /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? []
    return soft === undefined || soft === "unlimited" ? undefined : Number(soft)
  } catch {
    return undefined
  }
}

/** Connections that a process can hold under this limit; with more, accepting would fail. */
export const connectionCapacity = (limit: number | undefined): number =>
  limit === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(1, limit - Math.min(RESERVE, Math.floor(limit / 4)))
