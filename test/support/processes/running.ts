/** What the kernel knows of processes that are not this one's children (Linux). */
import { readFileSync } from "node:fs"

/** The time between two looks: the kernel tells nobody but the parent of a start and an end. */
export const look = () => new Promise<void>((resolve) => setTimeout(resolve, 10))

/** Its state letter; undefined where there is no such process. */
const stateOf = (pid: number): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "")[0]
  } catch {
    return undefined
  }
}

/** False also for one that has ended and whose parent has not asked yet. */
export const isRunning = (pid: number): boolean => !["Z", "X", undefined].includes(stateOf(pid))

/** Settles when it runs no more. */
export const gone = async (pid: number): Promise<void> => {
  while (isRunning(pid)) await look()
}

/** The processes that it has started and that run, oldest first. */
export const childrenOf = (pid: number): ReadonlyArray<number> => {
  try {
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim()
    return listed === "" ? [] : listed.split(" ").map(Number).filter(isRunning)
  } catch {
    return []
  }
}
