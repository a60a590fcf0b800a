/**
 * How long the processes of a cluster have waited for a CPU, as the kernel counts it (Linux; elsewhere nothing is known of it): on a busy machine a
 * cluster is late by as much, whatever it promises. Of each process the thread counts that waited longest: what is to be done goes from one process
 * to the next, and through one thread of each.
 */
import { readdirSync, readFileSync } from "node:fs"

const NS_IN_MS = 1e6

/** Nanoseconds that a thread was able to run and did not, since its start; undefined: it has ended. */
const waitedOf = (thread: string): number | undefined => {
  try {
    return Number(readFileSync(`${thread}/schedstat`, "utf8").split(" ")[1])
  } catch {
    return undefined
  }
}

const threadsOf = (pid: number): ReadonlyArray<string> => {
  const tasks = `/proc/${pid}/task`
  try {
    return readdirSync(tasks).map((task) => `${tasks}/${task}`)
  } catch {
    return []
  }
}

export class CpuWaits {
  /** By the thread. */
  #last = new Map<string, number>()

  /** Milliseconds since the last time that this was asked, of all of these processes together. */
  since(pids: ReadonlyArray<number>): number {
    const now = new Map<string, number>()
    let sum = 0
    for (const pid of pids) {
      let longest = 0
      for (const thread of threadsOf(pid)) {
        const waited = waitedOf(thread)
        if (waited === undefined) continue
        now.set(thread, waited)
        longest = Math.max(longest, waited - (this.#last.get(thread) ?? waited))
      }
      sum += longest
    }
    this.#last = now
    return sum / NS_IN_MS
  }
}
