/** What Linux tells about a process from outside: nothing is measured inside the servers. */
import { readdirSync, readFileSync } from "node:fs"

/** Microseconds of CPU time since the start of the process, over all its threads. */
export interface CpuTime {
  readonly user: number
  readonly system: number
}

/** `sysconf(_SC_CLK_TCK)` is 100 on every Linux that Node runs on: one tick is 10 ms. */
const TICK_US = 10_000

export const cpuTime = (pid: number): CpuTime => {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
  // The second field is a name that may hold blanks and parentheses; the third follows its last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { user: Number(fields[11]) * TICK_US, system: Number(fields[12]) * TICK_US }
}

export const cpuBetween = (before: CpuTime, after: CpuTime): CpuTime => ({
  user: after.user - before.user,
  system: after.system - before.system
})

export const total = ({ user, system }: CpuTime): number => user + system

/** Microseconds of CPU time of the threads that live now, to the nanosecond; in ticks where the kernel does not tell. */
export const exactCpuUs = (pid: number): number => {
  try {
    const ofThread = (thread: string) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0])
    return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + ofThread(thread), 0) / 1000
  } catch {
    return total(cpuTime(pid))
  }
}

/** Bytes of memory that a process has in use; `pss` counts shared pages in part. */
export interface MemoryUse {
  readonly rss: number
  readonly pss: number
}

export const memoryUse = (pid: number): MemoryUse => {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1")
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1]) * 1024
  return { rss: bytes("Rss"), pss: bytes("Pss") }
}

/** Bytes of memory that are the process' own, and not those of files that it has mapped. */
export const anonymousMemory = (pid: number): number =>
  Number(/^Anonymous:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1]) * 1024

/** Microseconds that a core was busy since boot, whoever used it; undefined where that is not told. */
export const coreBusy = (core: number): number | undefined => {
  const line = new RegExp(`^cpu${core} (.+)$`, "m").exec(readFileSync("/proc/stat", "latin1"))?.[1]
  if (line === undefined) return undefined
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(" ").map(Number)
  return (user + nice + system + irq + softirq + steal) * TICK_US
}
