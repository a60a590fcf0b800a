/** The processes that a process has started, as Linux tells them. */
import { existsSync, readFileSync } from "node:fs"

/** Their ids; none where the parent is gone. */
export const childrenOf = (pid: number): ReadonlyArray<number> => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

/** A process that has ended but was not waited for is gone, too. */
export const isRunning = (pid: number): boolean => {
  try {
    return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

/** Resolves when none of them runs any more. There is no event for the end of another's child, so it is looked for. */
export const gone = async (pids: ReadonlyArray<number>): Promise<void> => {
  while (pids.some(isRunning)) await new Promise((resolve) => void setTimeout(resolve, 20))
}
