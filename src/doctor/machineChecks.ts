/** The checks that server and load client have in common: what every connection costs, on either end. */
import { atLeast, type Check, count, memory, type Remedy, roomy, sysctl } from "./Check.ts"
import { SHARE_IN_FLIGHT, THREADS_OF_PROCESS } from "./costs.ts"
import { type Demand, openFilesFor } from "./Demand.ts"
import type { MachineFacts } from "./MachineFacts.ts"

/** Files that a process opens beside its connections: its own, its listening sockets, its channels to others. */
const FILES_OF_PROCESS = 64

const flagged = ({ program }: Demand, when: string, flag: string): Remedy => ({
  when: `${when}, with your other flags`,
  command: `node dist/${program}.js ${flag}`
})

/** What a process may open, to be raised where it comes from. The ways are alternatives. */
const raiseOpenFiles = (limit: number): ReadonlyArray<Remedy> => [
  { when: "or more files: for this shell, as root", command: `ulimit -n ${limit}` },
  {
    when: "or for logins from now on, as root",
    command: `printf '* - nofile ${limit}\\nroot - nofile ${limit}\\n' > /etc/security/limits.d/clarion.conf`
  },
  ...[
    "mkdir -p /etc/systemd/system/clarion.service.d",
    `printf '[Service]\\nLimitNOFILE=${limit}\\n' > /etc/systemd/system/clarion.service.d/files.conf`,
    "systemctl daemon-reload"
  ].map((command) => ({ when: "or for a systemd unit (as by systemctl edit), as root", command })),
  { when: "or for a container", command: `docker run --ulimit nofile=${limit}:${limit} IMAGE` }
]

/** First what caps the next: nr_open before the open files of a process. */
const files = (demand: Demand, facts: MachineFacts): ReadonlyArray<Check> => {
  const { connections, ends, processes, connectionsPerProcess, moreProcessesFlag } = demand
  const needed = openFilesFor(connectionsPerProcess)
  const all = connections * ends + processes * FILES_OF_PROCESS
  const more = moreProcessesFlag === undefined ? [] : [flagged(demand, "no root needed", moreProcessesFlag)]
  const { fileMax, filesInUse = 0 } = facts
  return [
    atLeast({
      name: "fs.file-max",
      required: all,
      found: fileMax === undefined ? undefined : fileMax - filesInUse,
      remark: filesInUse > 0 ? `, ${count(filesInUse)} more are open` : "",
      why: "Each connection is an open file of the whole machine as well.",
      mend: () => [sysctl("fs.file-max", roomy(all + filesInUse))]
    }),
    atLeast({
      name: "fs.nr_open",
      required: needed,
      found: facts.nrOpen,
      why: "The open files of one process cannot be raised beyond it. It matters only where they are raised.",
      mend: () => [sysctl("fs.nr_open", roomy(needed))]
    }),
    atLeast({
      name: "open files",
      required: needed,
      found: facts.openFiles,
      remark: processes > 1 ? " a process" : "",
      why: `Each connection is an open file of its process, which is to hold ${count(connectionsPerProcess)}.`,
      mend: () => [...more, ...raiseOpenFiles(needed)]
    })
  ]
}

const memoryCheck = (demand: Demand, { memoryAvailable, groupMemory }: MachineFacts): Check => {
  const { connections, baseBytes, connectionBytes } = demand
  const required = baseBytes + connections * connectionBytes
  const known = [memoryAvailable, groupMemory].filter((bytes) => bytes !== undefined)
  const found = known.length === 0 ? undefined : Math.min(...known)
  const isGroup = found !== undefined && found === groupMemory && found < (memoryAvailable ?? Infinity)
  const megabytes = roomy(Math.ceil(required / 2 ** 20))
  const fitting = Math.floor(((found ?? 0) - baseBytes) / connectionBytes)
  const larger: ReadonlyArray<Remedy> = isGroup
    ? [
        {
          when: "for a container, on its host",
          command: `docker update --memory ${megabytes}m --memory-swap ${megabytes}m CONTAINER`
        },
        {
          when: "or for a systemd unit, as root",
          command: `systemctl set-property clarion.service MemoryMax=${megabytes}M MemoryHigh=infinity`
        }
      ]
    : []
  const fewer =
    fitting > 0 ? [flagged(demand, "or as many as this memory holds", demand.sizeFlag(fitting))] : []
  return atLeast({
    name: "memory",
    required,
    found,
    write: memory,
    remark: isGroup ? " that the control group allows" : " available",
    why: `${memory(baseBytes)} for the processes, ${count(connectionBytes / 1024)} KB for a connection with the kernel's part.`,
    mend: () => [...larger, ...fewer]
  })
}

const tcpMem = ({ connections, ends }: Demand, { tcpMemPressure }: MachineFacts): Check => {
  const required = Math.ceil(connections * ends * SHARE_IN_FLIGHT)
  return atLeast({
    name: "tcp_mem",
    required,
    found: tcpMemPressure,
    remark: " pages until pressure",
    why: "A socket with a message on its way holds a page, an idle one none; one in ten is taken to have one.",
    mend: () => {
      // The kernel's own proportions: 3/4, 1 and 3/2 of the pressure mark.
      const pressure = roomy(required)
      const values = `${(pressure * 3) / 4} ${pressure} ${(pressure * 3) / 2}`
      return [
        {
          when: "as root (in a container: on the host)",
          command: `sysctl -w net.ipv4.tcp_mem="${values}"`,
          lasting: `net.ipv4.tcp_mem = ${values}`
        }
      ]
    }
  })
}

const TRACKING_WHY = "A stateful firewall has an entry for each connection, and drops the rest."

/** A table may exist that no firewall rule fills: connections without entries prove that, and nothing proves the contrary. */
const conntrack = ({ connections }: Demand, { conntrack, established }: MachineFacts): Check => {
  const base = { name: "conntrack", why: TRACKING_WHY }
  if (conntrack === undefined)
    return { ...base, required: "any", found: "not in use", remark: "", verdict: "ok", mend: [] }
  const { max, count: entries } = conntrack
  const mend = () => {
    const size = roomy(connections + entries)
    return [
      sysctl("net.netfilter.nf_conntrack_max", size),
      sysctl("net.netfilter.nf_conntrack_buckets", size)
    ]
  }
  if (entries === 0 && max < connections) {
    const isUnused = (established ?? 0) > 0
    const remark = `, but ${isUnused ? "no connection is tracked" : "nothing is tracked now"}`
    return {
      ...base,
      required: count(connections),
      found: count(max),
      remark,
      verdict: isUnused ? "ok" : "unknown",
      mend: isUnused ? [] : mend()
    }
  }
  return atLeast({
    ...base,
    required: connections + entries,
    found: max,
    remark: `, ${count(entries)} in use`,
    mend
  })
}

const threads = ({ processes }: Demand, facts: MachineFacts): Check => {
  const { groupThreads, userThreads, pidMax, threadsInUse = 0 } = facts
  const required = processes * THREADS_OF_PROCESS
  const more = roomy(required + threadsInUse)
  const bounds: ReadonlyArray<readonly [number | undefined, string, ReadonlyArray<Remedy>]> = [
    [
      groupThreads,
      " that the control group allows",
      [
        { when: "for a container, on its host", command: `docker update --pids-limit ${more} CONTAINER` },
        {
          when: "or for a systemd unit, as root",
          command: `systemctl set-property clarion.service TasksMax=${more}`
        }
      ]
    ],
    [userThreads, " of this user", [{ when: "for this shell, as root", command: `ulimit -u ${more}` }]],
    [
      pidMax === undefined ? undefined : pidMax - threadsInUse,
      " by kernel.pid_max",
      [sysctl("kernel.pid_max", more)]
    ]
  ]
  const [found, remark, mend] = bounds.reduce((least, bound) =>
    (bound[0] ?? Infinity) < (least[0] ?? Infinity) ? bound : least
  )
  return atLeast({
    name: "threads",
    required,
    found,
    remark,
    why: `Each process (${count(processes)} here) has ${THREADS_OF_PROCESS} threads.`,
    mend: () => mend
  })
}

const cores = (demand: Demand, { cores, groupCores }: MachineFacts): Check => {
  const { busyCores, busyWith, calmerFlag, moreProcessesFlag, holders } = demand
  const granted = Math.min(cores, groupCores ?? Infinity)
  const found = Math.min(granted, holders)
  const isQuota = granted < cores
  const more = found < granted && moreProcessesFlag !== undefined
  return atLeast({
    name: "cores",
    required: Math.max(1, Math.ceil(busyCores)),
    found,
    remark: found < granted ? `, one for each process, of ${count(granted)}` : isQuota ? " by quota" : "",
    why: busyWith,
    mend: () => [
      ...(more ? [flagged(demand, "use more of the cores", moreProcessesFlag)] : []),
      ...(isQuota
        ? [
            {
              when: "for a container, on its host",
              command: `docker update --cpus ${Math.max(1, Math.ceil(busyCores))} CONTAINER`
            }
          ]
        : []),
      ...(busyCores > found ? [flagged(demand, "or take more time for it", calmerFlag)] : [])
    ]
  })
}

export const machineChecks = (demand: Demand, facts: MachineFacts): ReadonlyArray<Check> => [
  ...files(demand, facts),
  memoryCheck(demand, facts),
  tcpMem(demand, facts),
  conntrack(demand, facts),
  threads(demand, facts),
  cores(demand, facts)
]
