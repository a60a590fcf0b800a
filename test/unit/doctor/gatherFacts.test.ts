import { describe, expect, it } from "vitest"
import { gatherFacts } from "../../../src/doctor/gatherFacts.ts"

/** A machine made of these files. */
const machine = (files: Readonly<Record<string, string>>) => gatherFacts((path) => files[path])

const V2 = "/sys/fs/cgroup"

describe("the facts of a machine", () => {
  it("are read from the files of the kernel", () => {
    const facts = machine({
      "/proc/self/limits":
        "Limit                     Soft Limit           Hard Limit           Units     \n" +
        "Max processes             96365                96365                processes \n" +
        "Max open files            20000                40000                files     \n",
      "/proc/sys/fs/nr_open": "1048576",
      "/proc/sys/fs/file-max": "9223372036854775807",
      "/proc/sys/fs/file-nr": "415\t0\t2466177",
      "/proc/sys/kernel/pid_max": "32768",
      "/proc/loadavg": "0.53 0.22 0.20 1/189 1189",
      "/proc/sys/net/core/somaxconn": "4096",
      "/proc/sys/net/ipv4/tcp_syncookies": "1",
      "/proc/sys/net/ipv4/tcp_max_syn_backlog": "2048",
      "/proc/sys/net/ipv4/tcp_mem": "287901\t383868\t575802",
      "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999",
      "/proc/sys/net/ipv4/ip_local_reserved_ports": "",
      "/proc/sys/net/netfilter/nf_conntrack_max": "262144",
      "/proc/sys/net/netfilter/nf_conntrack_count": "7",
      "/proc/net/snmp":
        "Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm RtoMin CurrEstab InSegs\nTcp: 1 200 42 57843\nUdp: In\nUdp: 1",
      "/proc/meminfo": "MemTotal:       24673192 kB\nMemAvailable:   24446448 kB"
    })
    expect(facts).toMatchObject({
      openFiles: 20_000,
      nrOpen: 1_048_576,
      fileMax: 2 ** 63,
      filesInUse: 415,
      pidMax: 32_768,
      threadsInUse: 189,
      somaxconn: 4096,
      synCookies: 1,
      maxSynBacklog: 2048,
      tcpMemPressure: 383_868,
      localPorts: { first: 32_768, last: 60_999 },
      reservedPorts: "",
      conntrack: { max: 262_144, count: 7 },
      established: 42,
      memoryAvailable: 24_446_448 * 1024
    })
  })

  it("are left out where a file is missing or is not what it should be", () => {
    const nonsense = gatherFacts(() => "…")
    for (const facts of [machine({}), nonsense]) {
      const { cores, addresses, device, reservedPorts, ...read } = facts
      expect(Object.values(read).filter((fact) => fact !== undefined)).toEqual([])
      expect(cores).toBeGreaterThan(0)
    }
  })

  it("know no limit as Infinity", () => {
    const facts = machine({
      "/proc/self/limits": "Max open files            unlimited            unlimited            files",
      "/proc/sys/net/netfilter/nf_conntrack_max": "0"
    })
    expect([facts.openFiles, facts.conntrack?.max]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY
    ])
  })

  it.runIf(process.platform === "linux")("are there on this machine", () => {
    const { openFiles, memoryAvailable, fileMax, addresses } = gatherFacts()
    expect([openFiles, memoryAvailable, fileMax].map((fact) => fact !== undefined && fact > 0)).toEqual([
      true,
      true,
      true
    ])
    expect(addresses).toContain("127.0.0.1")
  })
})

describe("control groups of version 2", () => {
  const group = {
    "/proc/self/cgroup": "0::/system.slice/clarion.service",
    [`${V2}/system.slice/clarion.service/memory.max`]: "1000",
    [`${V2}/system.slice/clarion.service/memory.current`]: "400",
    [`${V2}/system.slice/clarion.service/memory.stat`]: "anon 300\nactive_file 5\ninactive_file 100",
    [`${V2}/system.slice/clarion.service/cpu.max`]: "150000 100000",
    [`${V2}/system.slice/clarion.service/pids.max`]: "100",
    [`${V2}/system.slice/clarion.service/pids.current`]: "30"
  }

  it("leave what their limits do, where cached files make room", () => {
    expect(machine(group)).toMatchObject({ groupMemory: 700, groupCores: 1.5, groupThreads: 70 })
  })

  it("bind with the tightest of all above, and where memory.high begins to throttle", () => {
    expect(
      machine({
        ...group,
        [`${V2}/system.slice/memory.high`]: "600",
        [`${V2}/system.slice/memory.current`]: "500",
        [`${V2}/cpu.max`]: "50000 100000"
      })
    ).toMatchObject({ groupMemory: 100, groupCores: 0.5 })
  })

  it("without limits bind nobody", () => {
    const free = { "/proc/self/cgroup": "0::/", [`${V2}/memory.max`]: "max", [`${V2}/cpu.max`]: "max 100000" }
    expect(machine(free)).toMatchObject({
      groupMemory: Number.POSITIVE_INFINITY,
      groupCores: Number.POSITIVE_INFINITY
    })
  })
})

describe("control groups of version 1", () => {
  const lines = "5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n3:pids:/docker/1"

  it("leave what their limits do, seen from inside of a container", () => {
    // The path of the host does not exist inside; the container's own group is mounted at the top.
    expect(
      machine({
        "/proc/self/cgroup": lines,
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1000",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "900",
        "/sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 50",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        "/sys/fs/cgroup/pids/docker/1/pids.max": "64",
        "/sys/fs/cgroup/pids/docker/1/pids.current": "80"
      })
    ).toMatchObject({ groupMemory: 150, groupCores: 2, groupThreads: 0 })
  })

  it("without limits bind nobody", () => {
    expect(
      machine({
        "/proc/self/cgroup": lines,
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"
      })
    ).toMatchObject({ groupMemory: Number.POSITIVE_INFINITY, groupCores: Number.POSITIVE_INFINITY })
  })
})
