import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import type { ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import type { Check } from "../../../src/doctor/Check.ts"
import { openFilesFor } from "../../../src/doctor/Demand.ts"
import type { MachineFacts } from "../../../src/doctor/MachineFacts.ts"
import { serverChecks, serverDemand, serverNotes } from "../../../src/doctor/serverChecks.ts"
import { connectionCapacity } from "../../../src/services/openFiles.ts"
import { configWith } from "../../support/configurations.ts"
import { LARGE, UNREADABLE } from "./facts.ts"

const MILLION = { totalSize: 1_000_000 }

const checksOf = (
  facts: Partial<MachineFacts>,
  settings: Settings<ServerConfigValue> = MILLION,
  transport: "uws" | "ws" = "uws"
): ReadonlyArray<Check> => serverChecks(configWith(settings), transport, { ...LARGE, ...facts })

const checkOf = (name: string, ...of: Parameters<typeof checksOf>): Check => {
  const found = checksOf(...of).find((check) => check.name === name)
  if (found === undefined) throw new Error(`no check ${name}`)
  return found
}

const commands = ({ mend }: Check): ReadonlyArray<string> => mend.map(({ command }) => command)

describe("a server of a million connections", () => {
  it("is short of nothing on a large machine", () => {
    expect(checksOf({}).map(({ name, verdict, mend }) => [name, verdict, mend])).toEqual(
      [
        "fs.file-max",
        "fs.nr_open",
        "open files",
        "memory",
        "tcp_mem",
        "conntrack",
        "threads",
        "cores",
        "somaxconn",
        "tcp_max_syn_backlog"
      ].map((name) => [name, "ok", []])
    )
  })

  it("is short of nothing for certain where nothing can be read", () => {
    const checks = serverChecks(configWith(MILLION), "uws", UNREADABLE)
    expect(checks.filter(({ verdict }) => verdict === "unknown").map(({ name }) => name)).toEqual([
      "fs.file-max",
      "fs.nr_open",
      "open files",
      "memory",
      "tcp_mem",
      "threads",
      "somaxconn",
      "tcp_max_syn_backlog"
    ])
    expect(checks.filter(({ verdict }) => verdict === "short")).toEqual([])
  })

  it.each<[string, Partial<MachineFacts>, string, string, ReadonlyArray<string>]>([
    ["fs.file-max", { fileMax: 900_000 }, "1,000,064", "899,000", ["sysctl -w fs.file-max=1100000"]],
    ["fs.nr_open", { nrOpen: 1_000_000 }, "1,000,512", "1,000,000", ["sysctl -w fs.nr_open=1100000"]],
    [
      "open files",
      { openFiles: 1_000_511 },
      "1,000,512",
      "1,000,511",
      [
        "node dist/server.js --server.workers auto",
        "ulimit -n 1000512",
        "printf '* - nofile 1000512\\nroot - nofile 1000512\\n' > /etc/security/limits.d/clarion.conf",
        "mkdir -p /etc/systemd/system/clarion.service.d",
        "printf '[Service]\\nLimitNOFILE=1000512\\n' > /etc/systemd/system/clarion.service.d/files.conf",
        "systemctl daemon-reload",
        "docker run --ulimit nofile=1000512:1000512 IMAGE"
      ]
    ],
    // 100 MB and a million times 6.28 KB; two GB hold (2 GB - 100 MB) / 6.28 KB.
    [
      "memory",
      { memoryAvailable: 2 * 2 ** 30 },
      "6.1 GB",
      "2.0 GB",
      ["node dist/server.js --totalSize 317635"]
    ],
    [
      "memory",
      { groupMemory: 50 * 2 ** 20 },
      "6.1 GB",
      "50 MB",
      [
        "docker update --memory 6300m --memory-swap 6300m CONTAINER",
        "systemctl set-property clarion.service MemoryMax=6300M MemoryHigh=infinity"
      ]
    ],
    [
      "tcp_mem",
      { tcpMemPressure: 99_999 },
      "100,000",
      "99,999",
      ['sysctl -w net.ipv4.tcp_mem="75000 100000 150000"']
    ],
    [
      "conntrack",
      { conntrack: { max: 262_144, count: 10 } },
      "1,000,010",
      "262,144",
      [
        "sysctl -w net.netfilter.nf_conntrack_max=1100000",
        "sysctl -w net.netfilter.nf_conntrack_buckets=1100000"
      ]
    ],
    ["threads", { userThreads: 10 }, "11", "10", ["ulimit -u 220"]],
    ["threads", { pidMax: 210 }, "11", "10", ["sysctl -w kernel.pid_max=220"]],
    [
      "threads",
      { groupThreads: 10 },
      "11",
      "10",
      ["docker update --pids-limit 220 CONTAINER", "systemctl set-property clarion.service TasksMax=220"]
    ],
    ["cores", { groupCores: 0.5 }, "1", "0.5", ["docker update --cpus 1 CONTAINER"]],
    ["somaxconn", { somaxconn: 128 }, "512", "128", ["sysctl -w net.core.somaxconn=512"]],
    ["tcp_max_syn_backlog", { synCookies: 0 }, "4,096", "2,048", ["sysctl -w net.ipv4.tcp_syncookies=1"]]
  ])("is short of %s on %o", (name, facts, required, found, mend) => {
    const check = checkOf(name, facts)
    expect(check).toMatchObject({ verdict: "short", required, found })
    expect(commands(check)).toEqual(mend)
    const others = checksOf(facts).filter((other) => other.verdict !== "ok" && other.name !== name)
    expect(others).toEqual([])
  })

  it("has enough with exactly what is required", () => {
    const facts = {
      fileMax: 1_001_064,
      nrOpen: 1_000_512,
      openFiles: 1_000_512,
      tcpMemPressure: 100_000,
      conntrack: { max: 1_000_010, count: 10 },
      userThreads: 11,
      somaxconn: 512
    }
    expect(checksOf(facts).filter(({ verdict }) => verdict !== "ok")).toEqual([])
  })
})

describe("workers", () => {
  it("each need the files of their share, and of what chance adds to it", () => {
    const check = checkOf("open files", {}, { ...MILLION, server: { workers: 4 } })
    // 250,000 + 6 * 500, and the reserve.
    expect(check).toMatchObject({ required: "253,512", verdict: "ok" })
  })

  it("that are too few are short of files, and so many that they suffice are the remedy that needs no root", () => {
    const settings = { ...MILLION, server: { workers: 10 } }
    const check = checkOf("open files", { openFiles: 20_000 }, settings)
    expect(check).toMatchObject({ verdict: "short", found: "20,000" })
    expect(commands(check)[0]).toBe("node dist/server.js --server.workers auto")
    expect(
      checkOf("open files", { openFiles: 20_000 }, { ...MILLION, server: { workers: "auto" } })
    ).toMatchObject({ verdict: "ok" })
  })

  it("are no remedy where even as many as can be started are too few", () => {
    const settings = { totalSize: 100_000_000, server: { workers: "auto" as const } }
    for (const server of [{ workers: 0 }, { workers: "auto" as const }]) {
      const check = checkOf("open files", { openFiles: 20_000 }, { ...settings, server })
      expect(check.verdict).toBe("short")
      expect(commands(check)[0]).toMatch(/^ulimit -n /)
    }
  })

  it("need memory and threads each, and so does their primary", () => {
    const checks = checksOf({}, { totalSize: 0, server: { workers: 10 } })
    const required = (name: string) => checks.find((check) => check.name === name)?.required
    expect([required("memory"), required("threads")]).toEqual(["400 MB", "121"])
  })

  it("without an open-file limit are one for each core", () => {
    const facts = { ...LARGE, openFiles: Number.POSITIVE_INFINITY }
    expect(serverDemand(configWith({ ...MILLION, server: { workers: "auto" } }), "uws", facts).holders).toBe(
      4
    )
  })
})

describe("cores", () => {
  // A million messages take 5.77 s of a core.
  const timed = (interval: string, workers: number | "auto") => ({
    ...MILLION,
    onlyTestConnect: false,
    sending: { timer: { interval } },
    server: { workers }
  })

  it("are as many as a broadcast needs to be over before the next tick", () => {
    expect(checkOf("cores", {}, timed("6 seconds", 0))).toMatchObject({ required: "1", verdict: "ok" })
    const check = checkOf("cores", {}, timed("5 seconds", 0))
    expect(check).toMatchObject({ required: "2", found: "1", verdict: "short" })
    expect(commands(check)).toEqual([
      "node dist/server.js --server.workers auto",
      'node dist/server.js --sending.timer.interval "12 seconds"'
    ])
    expect(checkOf("cores", {}, timed("5 seconds", "auto")).verdict).toBe("ok")
  })

  it("do not matter to the pace without a broadcast timer", () => {
    expect(checkOf("cores", {}, { ...timed("1 ms", 0), onlyTestConnect: true }).verdict).toBe("ok")
  })
})

describe("the tracking of connections", () => {
  it("is not known to bind where nothing is tracked and nothing is connected", () => {
    const check = checkOf("conntrack", { conntrack: { max: 1000, count: 0 }, established: 0 })
    expect(check).toMatchObject({ verdict: "unknown", found: "1,000" })
    expect(check.mend).toHaveLength(2)
  })

  it("does not bind where connections are not tracked", () => {
    const check = checkOf("conntrack", { conntrack: { max: 1000, count: 0 }, established: 3 })
    expect(check).toMatchObject({ verdict: "ok", mend: [] })
  })
})

describe("the transport ws", () => {
  it("needs more memory, and the whole backlog in one queue", () => {
    const checks = checksOf({}, MILLION, "ws")
    const required = (name: string) => checks.find((check) => check.name === name)?.required
    expect([required("memory"), required("somaxconn")]).toEqual(["10.3 GB", "4,096"])
  })
})

describe("server.ip", () => {
  const of = (ip: string, facts: Partial<MachineFacts> = {}) =>
    checksOf(facts, { server: { ip } }).find(({ name }) => name === "server.ip")

  it.each(["192.0.2.2", "127.0.0.9", "::1"])("%s is here", (ip) => {
    expect(of(ip)).toMatchObject({ verdict: "ok" })
  })

  it("elsewhere is told with the command that adds it", () => {
    expect(commands(of("192.0.2.9")!)).toEqual(["ip address add 192.0.2.9/32 dev eth0"])
    expect(commands(of("2001:db8::9")!)).toEqual(["ip address add 2001:db8::9/128 dev eth0"])
  })

  it("is not known where the machine's addresses are not, and not asked about where it is a name or any", () => {
    expect(of("192.0.2.9", { addresses: [] })).toMatchObject({ verdict: "unknown", mend: [] })
    expect([of("0.0.0.0"), of("::"), of("localhost")]).toEqual([undefined, undefined, undefined])
  })
})

describe("server.port", () => {
  const notes = (port: number, reservedPorts?: string) =>
    serverNotes(configWith({ server: { port } }), { ...LARGE, reservedPorts })

  it("among those of outgoing connections is worth a note", () => {
    expect(notes(40_000, "")[1]).toBe("sysctl -w net.ipv4.ip_local_reserved_ports=40000")
    expect(notes(40_000, undefined)).toHaveLength(2)
    expect(notes(40_000, "8080,9000-9100")[1]).toBe(
      "sysctl -w net.ipv4.ip_local_reserved_ports=8080,9000-9100,40000"
    )
  })

  it("that is reserved or below them is not", () => {
    expect([notes(8088, ""), notes(40_000, "40000"), notes(40_000, "1,39000-41000")]).toEqual([[], [], []])
  })
})

describe("open files for connections", () => {
  it("are the least limit under which a process takes them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000_000 }), (connections) => {
        const limit = openFilesFor(connections)
        expect(connectionCapacity(limit)).toBeGreaterThanOrEqual(connections)
        expect(limit === 1 || connections === 1 || connectionCapacity(limit - 1) < connections).toBe(true)
      })
    )
  })
})
