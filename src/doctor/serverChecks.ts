/** What `totalSize` asks of the machine that the server runs on. */
import { isIP } from "node:net"
import * as Duration from "effect/Duration"
import type { ServerConfigValue } from "../config/ServerConfig.ts"
import { connectionCapacity } from "../services/openFiles.ts"
import { chooseWorkers } from "../services/workerCount.ts"
import { atLeast, type Check, count, sysctl } from "./Check.ts"
import {
  KERNEL_CONNECTION_BYTES,
  PROCESS_BYTES,
  SERVER_CONNECTION_BYTES,
  SERVER_MESSAGE_SECONDS,
  UWS_BACKLOG
} from "./costs.ts"
import type { Demand } from "./Demand.ts"
import type { MachineFacts } from "./MachineFacts.ts"
import { machineChecks } from "./machineChecks.ts"

export type TransportName = "uws" | "ws"

/** The fullest of several processes has six standard deviations more than its share, as `chooseWorkers` reckons. */
const fullest = (connections: number, processes: number): number => {
  const share = connections / processes
  return Math.ceil(processes > 1 ? share + 6 * Math.sqrt(share) : share)
}

export const serverDemand = (
  config: ServerConfigValue,
  transport: TransportName,
  { openFiles, cores }: MachineFacts
): Demand => {
  const { server, sending, totalSize, onlyTestConnect } = config
  const limit = openFiles === Number.POSITIVE_INFINITY ? undefined : openFiles
  const { count: workers } = chooseWorkers(server.workers, totalSize, limit, cores)
  const processes = Math.max(1, workers)
  const isAlone = workers === 0
  const interval = Duration.toSeconds(sending.timer.interval)
  const sendSeconds = totalSize * SERVER_MESSAGE_SECONDS[transport]
  const auto = chooseWorkers("auto", totalSize, limit, cores).count
  const isEnough = auto > processes && fullest(totalSize, auto) <= connectionCapacity(limit)
  const seconds = Math.max(1, Math.ceil(sendSeconds / Math.min(cores, processes)))
  const wish = server.workers === "auto" ? "auto, " : ""
  return {
    program: "server",
    size: `${count(totalSize)} ${totalSize === 1 ? "connection" : "connections"}, ${isAlone ? "in one process" : `${wish}${workers} workers`}, over ${transport}`,
    connections: totalSize,
    ends: 1,
    processes: isAlone ? 1 : processes + 1,
    holders: processes,
    connectionsPerProcess: fullest(totalSize, processes),
    baseBytes: PROCESS_BYTES.primary + (isAlone ? 0 : processes * PROCESS_BYTES.worker),
    connectionBytes: SERVER_CONNECTION_BYTES[transport] + KERNEL_CONNECTION_BYTES,
    busyCores: onlyTestConnect ? 0 : sendSeconds / interval,
    busyWith: onlyTestConnect
      ? "There is no broadcast timer."
      : `A broadcast to all takes ${count(sendSeconds)} s of a core, and ticks come every ${count(interval)} s.`,
    calmerFlag: `--sending.timer.interval "${seconds * 2} seconds"`,
    moreProcessesFlag: isEnough ? "--server.workers auto" : undefined,
    sizeFlag: (connections) => `--totalSize ${connections}`
  }
}

const backlog = (
  { limits }: ServerConfigValue,
  transport: TransportName,
  facts: MachineFacts
): ReadonlyArray<Check> => {
  const required = transport === "uws" ? Math.min(UWS_BACKLOG, limits.backlog) : limits.backlog
  const { synCookies, maxSynBacklog } = facts
  return [
    atLeast({
      name: "somaxconn",
      required,
      found: facts.somaxconn,
      why: "The kernel cuts the queue of connections that wait to be accepted to it, without a word.",
      mend: () => [sysctl("net.core.somaxconn", required, "network")]
    }),
    synCookies === undefined || synCookies === 0
      ? atLeast({
          name: "tcp_max_syn_backlog",
          required: limits.backlog,
          found: synCookies === undefined ? undefined : maxSynBacklog,
          remark: ", and SYN cookies are off",
          why: "Without SYN cookies the kernel drops handshakes beyond three quarters of it.",
          mend: () => [sysctl("net.ipv4.tcp_syncookies", 1, "network")]
        })
      : {
          name: "tcp_max_syn_backlog",
          required: "any",
          found: "not used",
          remark: ": SYN cookies are on",
          verdict: "ok",
          why: "It binds only without SYN cookies.",
          mend: []
        }
  ]
}

const ANY = ["0.0.0.0", "::"]

/** Only an address is checked: what a name stands for is the resolver's business. */
const listenAddress = ({ server: { ip } }: ServerConfigValue, facts: MachineFacts): ReadonlyArray<Check> => {
  if (ANY.includes(ip) || isIP(ip) === 0) return []
  const base = {
    name: "server.ip",
    required: "1 address",
    why: "The server can listen on addresses of this machine only."
  }
  if (ip.startsWith("127.") || facts.addresses.includes(ip))
    return [{ ...base, found: "1", remark: `: ${ip}`, verdict: "ok", mend: [] }]
  if (facts.addresses.length === 0)
    return [{ ...base, found: "not readable", remark: "", verdict: "unknown", mend: [] }]
  const bits = isIP(ip) === 6 ? 128 : 32
  const command = `ip address add ${ip}/${bits} dev ${facts.device ?? "eth0"}`
  const mend = [{ when: "as root", command }]
  return [{ ...base, found: "0", remark: `: ${ip} is not here`, verdict: "short", mend }]
}

export const serverChecks = (
  config: ServerConfigValue,
  transport: TransportName,
  facts: MachineFacts
): ReadonlyArray<Check> => [
  ...machineChecks(serverDemand(config, transport, facts), facts),
  ...backlog(config, transport, facts),
  ...listenAddress(config, facts)
]

/** A list of the kernel such as "8080,9000-9010". */
const lists = (ports: string, port: number): boolean =>
  ports.split(",").some((part) => {
    const [first = Number.NaN, last = first] = part.split("-").map(Number)
    return part !== "" && port >= first && port <= last
  })

/** Nothing is short here, but a start can fail of it one day. */
export const serverNotes = (
  { server: { port } }: ServerConfigValue,
  { localPorts, reservedPorts = "" }: MachineFacts
): ReadonlyArray<string> => {
  if (localPorts === undefined || port < localPorts.first || port > localPorts.last) return []
  if (lists(reservedPorts, port)) return []
  const reserved = reservedPorts === "" ? port : `${reservedPorts},${port}`
  return [
    `server.port ${port} is one that the kernel gives to outgoing connections, so a start may find it taken. To reserve it, as root:`,
    `sysctl -w net.ipv4.ip_local_reserved_ports=${reserved}`
  ]
}
