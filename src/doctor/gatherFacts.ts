/** Reads the facts of this machine. Each by itself: what cannot be read is left out, and nothing throws. */
import { readFileSync } from "node:fs"
import * as os from "node:os"
import { groupCores, groupMemory, groupThreads, type ReadFile } from "./controlGroups.ts"
import type { MachineFacts } from "./MachineFacts.ts"

const readFile: ReadFile = (path) => {
  try {
    return readFileSync(path, "utf8").trim()
  } catch {
    return undefined
  }
}

/** The n-th number of a text; "unlimited" is Infinity. */
const numberIn = (text: string | undefined, at = 0): number | undefined => {
  const word = text?.split(/\s+/)[at]
  if (word === undefined || word === "") return undefined
  const value = word === "unlimited" ? Number.POSITIVE_INFINITY : Number(word)
  return Number.isNaN(value) ? undefined : value
}

/** The figure of a heading in one of the tables of /proc/net/snmp, which give headings in one line and figures in the next. */
const figureOf = (table: string | undefined, prefix: string, heading: string): number | undefined => {
  const [names, figures] = (table ?? "").split("\n").filter((line) => line.startsWith(`${prefix}:`))
  const at = names?.split(" ").indexOf(heading) ?? -1
  return at < 0 ? undefined : numberIn(figures, at)
}

/** @param read where files come from: a machine of a test, else this one */
export const gatherFacts = (read: ReadFile = readFile): MachineFacts => {
  const sysctl = (name: string) => read(`/proc/sys/${name}`)
  const limits = read("/proc/self/limits")
  const limitOf = (name: string) => numberIn(new RegExp(`^${name}\\s+(\\S+)`, "m").exec(limits ?? "")?.[1])
  const memory = /^MemAvailable:\s+(\d+) kB/m.exec(read("/proc/meminfo") ?? "")?.[1]
  const ports = sysctl("net/ipv4/ip_local_port_range")
  const [firstPort, lastPort] = [numberIn(ports), numberIn(ports, 1)]
  const tracked = numberIn(sysctl("net/netfilter/nf_conntrack_max"))
  const interfaces = Object.entries(os.networkInterfaces())
  return {
    openFiles: limitOf("Max open files"),
    userThreads: process.getuid?.() === 0 ? undefined : limitOf("Max processes"),
    nrOpen: numberIn(sysctl("fs/nr_open")),
    fileMax: numberIn(sysctl("fs/file-max")),
    filesInUse: numberIn(sysctl("fs/file-nr")),
    pidMax: numberIn(sysctl("kernel/pid_max")),
    threadsInUse: numberIn(read("/proc/loadavg")?.split(" ")[3]?.split("/")[1]),
    groupThreads: groupThreads(read),
    somaxconn: numberIn(sysctl("net/core/somaxconn")),
    synCookies: numberIn(sysctl("net/ipv4/tcp_syncookies")),
    maxSynBacklog: numberIn(sysctl("net/ipv4/tcp_max_syn_backlog")),
    tcpMemPressure: numberIn(sysctl("net/ipv4/tcp_mem"), 1),
    localPorts:
      firstPort === undefined || lastPort === undefined ? undefined : { first: firstPort, last: lastPort },
    reservedPorts: sysctl("net/ipv4/ip_local_reserved_ports"),
    conntrack:
      tracked === undefined
        ? undefined
        : {
            max: tracked === 0 ? Number.POSITIVE_INFINITY : tracked,
            count: numberIn(sysctl("net/netfilter/nf_conntrack_count")) ?? 0
          },
    established: figureOf(read("/proc/net/snmp"), "Tcp", "CurrEstab"),
    memoryAvailable: memory === undefined ? undefined : Number(memory) * 1024,
    groupMemory: groupMemory(read),
    cores: os.availableParallelism(),
    groupCores: groupCores(read),
    addresses: interfaces.flatMap(([, found = []]) => found.map(({ address }) => address)),
    device: interfaces.find(([, found = []]) => found.some(({ internal }) => !internal))?.[0]
  }
}
