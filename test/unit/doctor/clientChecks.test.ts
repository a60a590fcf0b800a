import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { FIRST_PORT, LAST_PORT } from "../../../src/client/localPorts.ts"
import { type ClientConfigValue, clientKeys } from "../../../src/config/ClientConfig.ts"
import type { Settings } from "../../../src/config/Keys.ts"
import { resolve } from "../../../src/config/resolve.ts"
import { fromJson } from "../../../src/config/sources.ts"
import type { Check } from "../../../src/doctor/Check.ts"
import { clientChecks, clientDemand, planClient } from "../../../src/doctor/clientChecks.ts"
import { NAMED_PORTS } from "../../../src/doctor/costs.ts"
import type { MachineFacts } from "../../../src/doctor/MachineFacts.ts"
import { LARGE, UNREADABLE } from "./facts.ts"

const HERE = "ws://127.0.0.1:8088"
const ELSEWHERE = "ws://198.51.100.1:8088"

const configOf = (settings: Settings<ClientConfigValue>): ClientConfigValue =>
  Result.getOrThrow(resolve(clientKeys, [fromJson(clientKeys, settings, "settings")]))

/** A million connections from twenty addresses of the loopback network, unless the settings say otherwise. */
const million = (settings: Settings<ClientConfigValue> = {}): ClientConfigValue =>
  configOf({
    local: { ip: ["127.0.1.1-127.0.1.20"] },
    total: { clients: 50_000 },
    server: { uri: HERE },
    ...settings
  })

const checksOf = (config: ClientConfigValue, some: Partial<MachineFacts> = {}): ReadonlyArray<Check> => {
  const facts = { ...LARGE, ...some }
  return clientChecks(config, planClient(config, facts), facts)
}

const checkOf = (name: string, ...of: Parameters<typeof checksOf>): Check => {
  const found = checksOf(...of).find((check) => check.name === name)
  if (found === undefined) throw new Error(`no check ${name}`)
  return found
}

const commands = ({ mend }: Check): ReadonlyArray<string> => mend.map(({ command }) => command)

describe("a load client of a million connections", () => {
  it("is short of nothing on a large machine", () => {
    expect(checksOf(million()).map(({ name, verdict, mend }) => [name, verdict, mend])).toEqual(
      [
        "fs.file-max",
        "fs.nr_open",
        "open files",
        "memory",
        "tcp_mem",
        "conntrack",
        "threads",
        "cores",
        "local ports",
        "local addresses"
      ].map((name) => [name, "ok", []])
    )
  })

  it("counts both ends where its server is on the same machine", () => {
    const required = (uri: string, name: string) =>
      checkOf(name, million({ local: { ip: ["0.0.0.0"] }, total: { clients: 1_000_000 }, server: { uri } }))
        .required
    // 41 processes: 40 of 25,000 connections, and their parent.
    expect(["fs.file-max", "tcp_mem", "memory"].map((name) => required(HERE, name))).toEqual([
      "2,002,624",
      "200,000",
      "16.3 GB"
    ])
    expect(["fs.file-max", "tcp_mem", "memory"].map((name) => required(ELSEWHERE, name))).toEqual([
      "1,002,624",
      "100,000",
      "10.4 GB"
    ])
  })

  it.each<[string, boolean]>([
    ["ws://localhost:1", true],
    ["ws://[::1]:1", true],
    ["ws://192.0.2.2:1", true],
    ["ws://198.51.100.1:1", false],
    ["wss://example.org", false]
  ])("takes the server of %s to be on this machine: %s", (uri, isHere) => {
    const config = million({ server: { uri }, local: { ip: ["0.0.0.0"] } })
    expect(clientDemand(config, planClient(config, LARGE), LARGE).ends).toBe(isHere ? 2 : 1)
  })

  it("takes more processes where each may open few files, and is short only of what they cost", () => {
    const demand = clientDemand(million(), planClient(million(), { ...LARGE, openFiles: 1024 }), LARGE)
    expect([demand.holders, demand.connectionsPerProcess]).toEqual([1303, 768])
    expect(checkOf("open files", million(), { openFiles: 1024 })).toMatchObject({ verdict: "ok" })
    expect(checkOf("threads", million(), { openFiles: 1024, pidMax: 14_000 })).toMatchObject({
      required: "14,344",
      verdict: "short"
    })
  })

  it("that this memory does not hold is told how many it holds", () => {
    const check = checkOf("memory", million(), { memoryAvailable: 8 * 2 ** 30 })
    expect(check.verdict).toBe("short")
    const clients = Number(/^node dist\/client\.js --total\.clients (\d+)$/.exec(commands(check)[0]!)![1])
    const fewer = million({ total: { clients } })
    expect(checkOf("memory", fewer, { memoryAvailable: 8 * 2 ** 30 }).verdict).toBe("ok")
  })
})

describe("local ports", () => {
  it("of an address hold 50,000 connections", () => {
    expect(checkOf("local ports", million({ total: { clients: 50_000 } })).verdict).toBe("ok")
    expect(checkOf("local ports", million({ total: { clients: 50_001 } }))).toMatchObject({
      verdict: "short",
      required: "50,001",
      found: "50,000"
    })
  })

  it("are not those of ip_local_port_range", () => {
    expect(checkOf("local ports", million(), { localPorts: { first: 1, last: 2 } }).verdict).toBe("ok")
    expect(NAMED_PORTS).toBe(LAST_PORT - FIRST_PORT + 1)
  })

  it("that run out are mended with more addresses on loopback, and with fewer connections elsewhere", () => {
    const config = (uri: string, clients: number) =>
      configOf({ server: { uri }, total: { clients }, local: { ip: ["0.0.0.0"] } })
    expect(commands(checkOf("local ports", config(HERE, 1_000_000)))).toEqual([
      "node dist/client.js --total.clients 50000 --local.ip 127.0.1.1-127.0.1.20"
    ])
    expect(commands(checkOf("local ports", config(HERE, 13_000_000)))).toEqual([
      "node dist/client.js --total.clients 50000 --local.ip 127.0.1.1-127.0.2.4"
    ])
    expect(commands(checkOf("local ports", config(ELSEWHERE, 1_000_000)))).toEqual([
      "node dist/client.js --total.clients 50000"
    ])
  })
})

describe("local addresses", () => {
  const of = (ip: string | ReadonlyArray<string>, uri = ELSEWHERE, facts: Partial<MachineFacts> = {}) =>
    checkOf(
      "local addresses",
      configOf({ local: { ip: [ip].flat() }, server: { uri }, total: { clients: 10 } }),
      facts
    )

  it("of this machine, of loopback and the system's choice are here", () => {
    expect(of(["0.0.0.0", "192.0.2.2"])).toMatchObject({ verdict: "ok", found: "2" })
    expect(of("127.0.1.1-127.0.1.40", HERE)).toMatchObject({ verdict: "ok", found: "40" })
  })

  it("that are missing are told with the commands that add them", () => {
    const check = of("192.0.2.2,10.0.0.254-10.0.1.3,10.1.0.1,10.1.0.3")
    expect(check).toMatchObject({
      verdict: "short",
      required: "9",
      found: "1",
      remark: ": 10.0.0.254 and 7 more are not here"
    })
    expect(commands(check)).toEqual([
      "for i in $(seq 254 255); do ip address add 10.0.0.$i/32 dev eth0; done",
      "for i in $(seq 0 3); do ip address add 10.0.1.$i/32 dev eth0; done",
      "ip address add 10.1.0.1/32 dev eth0",
      "ip address add 10.1.0.3/32 dev eth0"
    ])
  })

  it("that are missing in many ranges are told with the first of them, and how many there are", () => {
    const { mend } = of("10.0.0.1-10.0.15.1")
    expect(mend).toHaveLength(8)
    expect(mend.at(-1)?.when).toBe("as root; 8 ranges more are not shown")
  })

  it("of loopback do not reach a server elsewhere, and may reach one that only has a name", () => {
    const check = of("127.0.1.1-127.0.1.2,192.0.2.2")
    expect(check).toMatchObject({
      verdict: "short",
      found: "1",
      remark: ": 127.0.1.1 reaches this machine only"
    })
    expect(commands(check)).toEqual(["node dist/client.js --local.ip 192.0.2.2"])
    expect(of("127.0.1.1", "ws://example.org").verdict).toBe("ok")
  })

  it("are not known where the machine's are not", () => {
    expect(of("192.0.2.9", ELSEWHERE, UNREADABLE)).toMatchObject({ verdict: "unknown", mend: [] })
  })
})

describe("cores", () => {
  it("are as many as the pace of the ramp needs", () => {
    // 20 addresses of 500 a second: 10,000 a second, of 100 µs each.
    expect(checkOf("cores", million(), { cores: 1 })).toMatchObject({ required: "1", verdict: "ok" })
    const fast = million({ setup: { batchSize: 1000 } })
    const check = checkOf("cores", fast, { cores: 1 })
    expect(check).toMatchObject({ required: "2", found: "1", verdict: "short" })
    expect(commands(check)).toEqual(['node dist/client.js --setup.interval "2000 ms"'])
    const slower = million({ setup: { batchSize: 1000, interval: "2000 ms" } })
    expect(checkOf("cores", slower, { cores: 1 }).verdict).toBe("ok")
  })
})

describe("the size of the plan", () => {
  it("cuts the connections into even parts that a process can hold, and as many as are asked for", () => {
    const plan = (settings: Settings<ClientConfigValue>, openFiles: number) =>
      planClient(configOf({ local: { ip: ["127.0.1.1-127.0.1.4"] }, ...settings }), { ...LARGE, openFiles })
    const sizes = [
      plan({ total: { clients: 6250 } }, 1_000_000),
      plan({ total: { clients: 6251 } }, 1_000_000),
      plan({ total: { clients: 6250 } }, 10_512),
      plan({ total: { clients: 100 }, setup: { threadpool: { size: 3 } } }, 10_512),
      plan({ total: { clients: 2 }, setup: { threadpool: { size: 3 } } }, 10_512)
    ]
    expect(sizes.map(({ processes, connectionsPerProcess }) => [processes, connectionsPerProcess])).toEqual([
      [1, 25_000],
      [2, 12_502],
      [3, 8334],
      [3, 134],
      [2, 4]
    ])
  })

  it("is there for any number of connections", () => {
    const config = configOf({ total: { clients: Number.MAX_SAFE_INTEGER } })
    expect(checksOf(config).some(({ verdict }) => verdict === "short")).toBe(true)
  })
})
