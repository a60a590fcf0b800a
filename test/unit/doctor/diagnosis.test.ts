import { describe, expect, it } from "vitest"
import { type Check, count, memory, roomy } from "../../../src/doctor/Check.ts"
import { diagnose, shortForm } from "../../../src/doctor/Diagnosis.ts"
import { serverChecks } from "../../../src/doctor/serverChecks.ts"
import { configWith } from "../../support/configurations.ts"
import { LARGE } from "./facts.ts"

const SMALL = {
  ...LARGE,
  openFiles: 20_000,
  nrOpen: 1_048_576,
  somaxconn: 128,
  conntrack: { max: 262_144, count: 0 },
  established: 0
}

const checks = serverChecks(configWith(), "uws", SMALL)

describe("what the doctor says", () => {
  it("is a table, and below it comments and commands that can be pasted", () => {
    const { text, isShort } = diagnose("Does this machine carry it?", checks, ["a note:", "a command"])
    expect(isShort).toBe(true)
    expect(text.split("\n")).toEqual([
      "Does this machine carry it?",
      "",
      "check                 required    found                                 verdict",
      "-------------------   ---------   -----------------------------------   -------",
      "fs.file-max           1,200,064   3,999,000, 1,000 more are open        ok",
      "fs.nr_open            1,200,512   1,048,576                             short",
      "open files            1,200,512   20,000                                short",
      "memory                7.3 GB      64.0 GB available                     ok",
      "tcp_mem               120,000     400,000 pages until pressure          ok",
      "conntrack             1,200,000   262,144, but nothing is tracked now   unknown",
      "threads               11          99,800 by kernel.pid_max              ok",
      "cores                 1           1, one for each process, of 4         ok",
      "somaxconn             512         128                                   short",
      "tcp_max_syn_backlog   any         not used: SYN cookies are on          ok",
      "",
      "# fs.nr_open: The open files of one process cannot be raised beyond it. It matters only where they are raised.",
      "# as root (in a container: on the host):",
      "sysctl -w fs.nr_open=1300000",
      "",
      "# open files: Each connection is an open file of its process, which is to hold 1,200,000.",
      "# no root needed, with your other flags:",
      "node dist/server.js --server.workers auto",
      "# or more files: for this shell, as root:",
      "ulimit -n 1200512",
      "# or for logins from now on, as root:",
      "printf '* - nofile 1200512\\nroot - nofile 1200512\\n' > /etc/security/limits.d/clarion.conf",
      "# or for a systemd unit (as by systemctl edit), as root:",
      "mkdir -p /etc/systemd/system/clarion.service.d",
      "printf '[Service]\\nLimitNOFILE=1200512\\n' > /etc/systemd/system/clarion.service.d/files.conf",
      "systemctl daemon-reload",
      "# or for a container:",
      "docker run --ulimit nofile=1200512:1200512 IMAGE",
      "",
      "# conntrack, which may be short: A stateful firewall has an entry for each connection, and drops the rest.",
      "# as root (in a container: on the host):",
      "sysctl -w net.netfilter.nf_conntrack_max=1200000",
      "sysctl -w net.netfilter.nf_conntrack_buckets=1200000",
      "",
      "# somaxconn: The kernel cuts the queue of connections that wait to be accepted to it, without a word.",
      "# as root (in a container: by docker run --sysctl):",
      "sysctl -w net.core.somaxconn=512",
      "",
      "# The sysctl values are lost at the next restart of the machine. To keep them, as root:",
      "echo 'fs.nr_open = 1300000' > /etc/sysctl.d/90-clarion.conf",
      "echo 'net.core.somaxconn = 512' >> /etc/sysctl.d/90-clarion.conf",
      "",
      "# a note:",
      "a command",
      "",
      "3 of 10 short; 1 not known.",
      "docs/tuning.md tells what each is for, and what else matters."
    ])
  })

  it("is only a table and a sentence where nothing is short", () => {
    const { text, isShort } = diagnose("Well?", serverChecks(configWith(), "uws", LARGE), [])
    expect(isShort).toBe(false)
    expect(text.split("\n").slice(14)).toEqual([
      "",
      "Nothing is short.",
      "docs/tuning.md tells what each is for, and what else matters."
    ])
  })

  it("fits 110 columns, whatever is short", () => {
    const nothing = {
      ...SMALL,
      fileMax: 1_000_000_000,
      filesInUse: 999_999_999,
      tcpMemPressure: 1,
      pidMax: 201,
      groupMemory: 2 ** 27,
      groupCores: 0.1,
      groupThreads: 1,
      synCookies: 0
    }
    const config = configWith({
      totalSize: 999_999_999,
      server: { ip: "2001:db8:1111:2222:3333:4444:5555:6666" }
    })
    const { text } = diagnose("?", serverChecks(config, "ws", nothing), [])
    expect(text.split("\n").filter((line) => line.length > 110)).toEqual([])
  })
})

describe("the short form", () => {
  it("is one line with all that is short", () => {
    expect(shortForm("server", checks)).toBe(
      "this machine is short of: fs.nr_open (1,048,576 of 1,200,512), open files (20,000 of 1,200,512), " +
        "somaxconn (128 of 512); node dist/server.js --doctor tells the commands"
    )
  })

  it("is nothing where nothing is short, or not known to be", () => {
    const known: ReadonlyArray<Check> = checks.filter(({ verdict }) => verdict !== "short")
    expect(shortForm("server", known)).toBeUndefined()
  })
})

describe("numbers", () => {
  it.each([
    [1_200_512, 1_300_000],
    [1_200_000, 1_200_000],
    [128, 130],
    [11, 11],
    [5, 5]
  ])("%d with some room is %d", (value, expected) => {
    expect(roomy(value)).toBe(expected)
  })

  it("are set apart, and unlimited beyond what can be counted", () => {
    expect([count(1_234_567), count(0.5), count(2 ** 63), count(Number.POSITIVE_INFINITY)]).toEqual([
      "1,234,567",
      "0.5",
      "no limit",
      "no limit"
    ])
    expect([memory(1), memory(100 * 2 ** 20), memory(1.5 * 2 ** 30), memory(2 ** 63)]).toEqual([
      "1 MB",
      "100 MB",
      "1.5 GB",
      "no limit"
    ])
  })
})
