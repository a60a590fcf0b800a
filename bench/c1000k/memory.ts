/** Memory of the programs and of the kernel, as Linux tells it. */
import { readFileSync } from "node:fs"
import { memoryUse } from "../support/procfs.ts"

/** Bytes that processes have for themselves, with their part of what they share. */
export const memoryOf = (pids: ReadonlyArray<number>): number =>
  pids.reduce((sum, pid) => {
    try {
      return sum + memoryUse(pid).pss
    } catch {
      return sum // it has just ended
    }
  }, 0)

export interface KernelMemory {
  /** Sockets, files, epoll entries and whatever else the kernel keeps in slabs, and the queues of TCP. */
  readonly kernel: number
  readonly available: number
}

const PAGE = 4096

export const kernelMemory = (): KernelMemory => {
  const meminfo = readFileSync("/proc/meminfo", "latin1")
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1])
  const queues = /^TCP: .* mem (\d+)/m.exec(readFileSync("/proc/net/sockstat", "latin1"))?.[1]
  return {
    kernel: kilobytes("Slab") * 1024 + Number(queues) * PAGE,
    available: kilobytes("MemAvailable") * 1024
  }
}

/** The children of a process, in the order in which they were started. */
export const childrenOf = (pid: number): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number)
