/** What `total.clients` and `local.ip` ask of the machine that the load client runs on. */
import * as Duration from "effect/Duration"
import type { ClientConfigValue } from "../config/ClientConfig.ts"
import { parseLocalAddresses } from "../config/localAddresses.ts"
import { connectionCapacity } from "../services/openFiles.ts"
import { atLeast, type Check, count, type Remedy } from "./Check.ts"
import {
  CLIENT_CONNECTION_BYTES,
  CLIENT_SETUP_SECONDS,
  CONNECTIONS_OF_ADDRESS,
  KERNEL_CONNECTION_BYTES,
  NAMED_PORTS,
  PROCESS_BYTES,
  SERVER_CONNECTION_BYTES
} from "./costs.ts"
import type { Demand } from "./Demand.ts"
import type { MachineFacts } from "./MachineFacts.ts"
import { machineChecks } from "./machineChecks.ts"

/** How the client spreads its connections over processes of its own. */
export interface ClientPlan {
  /** Those that hold connections. One holds them itself; several have a parent that holds none. */
  readonly processes: number
  /** Connections of the fullest process. */
  readonly connectionsPerProcess: number
}

/** Connections of one process of the load client at most; as in its own plan, which a test compares with this one. */
const CONNECTIONS_OF_PROCESS = 25_000

/** The size of the client's plan without the plan itself, so that no number of connections is too many to be asked about. */
export const planClient = ({ setup, total, local }: ClientConfigValue, facts: MachineFacts): ClientPlan => {
  const limit = facts.openFiles === Number.POSITIVE_INFINITY ? undefined : facts.openFiles
  const capacity = Math.min(connectionCapacity(limit), CONNECTIONS_OF_PROCESS)
  const k = Math.min(setup.threadpool.size, total.clients)
  const all = total.clients * (parseLocalAddresses(local.ip) as ReadonlyArray<string>).length
  const processes = k * Math.ceil(all / k / capacity)
  return { processes, connectionsPerProcess: Math.ceil(all / processes) }
}

const isLoopback = (address: string): boolean => address.startsWith("127.")

/** Whether the server is on this machine; undefined for a name, which is not looked up. */
const isServerHere = (uri: string, { addresses }: MachineFacts): boolean | undefined => {
  const host = new URL(uri).hostname.replace(/^\[(.*)\]$/, "$1")
  if (host === "localhost" || host === "::1" || isLoopback(host) || addresses.includes(host)) return true
  return /^[\d.]+$|:/.test(host) ? false : undefined
}

const addressesOf = ({ local }: ClientConfigValue): ReadonlyArray<string> =>
  parseLocalAddresses(local.ip) as ReadonlyArray<string>

export const clientDemand = (config: ClientConfigValue, plan: ClientPlan, facts: MachineFacts): Demand => {
  const { setup, total, server } = config
  const { length: addresses } = addressesOf(config)
  const connections = total.clients * addresses
  const all = plan.processes > 1 ? plan.processes + 1 : 1
  const isHere = isServerHere(server.uri, facts) === true
  const interval = Duration.toSeconds(setup.interval)
  const rate = (Math.min(setup.batchSize, total.clients) * addresses) / interval
  const busyCores = rate * CLIENT_SETUP_SECONDS
  const cores = Math.max(1, Math.min(facts.cores, facts.groupCores ?? Infinity, plan.processes))
  return {
    program: "client",
    size:
      `${count(connections)} ${connections === 1 ? "connection" : "connections"} from ${count(addresses)} ${addresses === 1 ? "address" : "addresses"}, ` +
      `${count(plan.processes)} ${plan.processes === 1 ? "process" : "processes"}${isHere ? ", server on this machine" : ""}`,
    connections,
    ends: isHere ? 2 : 1,
    processes: all,
    holders: plan.processes,
    connectionsPerProcess: plan.connectionsPerProcess,
    baseBytes: all * PROCESS_BYTES.client,
    connectionBytes:
      CLIENT_CONNECTION_BYTES +
      KERNEL_CONNECTION_BYTES +
      (isHere ? KERNEL_CONNECTION_BYTES + SERVER_CONNECTION_BYTES.uws : 0),
    busyCores,
    busyWith: `Opening ${count(rate)} connections a second takes ${count(busyCores)} of a core.`,
    calmerFlag: `--setup.interval "${Math.ceil(((interval * busyCores) / cores) * 1000)} ms"`,
    moreProcessesFlag: undefined,
    sizeFlag: (fitting) => `--total.clients ${Math.max(1, Math.floor(fitting / addresses))}`
  }
}

const ports = (config: ClientConfigValue, facts: MachineFacts): Check => {
  const { clients } = config.total
  const { length: addresses } = addressesOf(config)
  const needed = Math.ceil((clients * addresses) / CONNECTIONS_OF_ADDRESS)
  const each = Math.ceil((clients * addresses) / needed)
  return atLeast({
    name: "local ports",
    required: clients,
    found: CONNECTIONS_OF_ADDRESS,
    remark: ` an address, of ${count(NAMED_PORTS)}`,
    why: "The client names its ports, 10000-65535; ip_local_port_range does not bind it.",
    mend: () => [
      isServerHere(config.server.uri, facts) === true
        ? {
            when: "the same connections from more addresses, with your other flags",
            command: `node dist/client.js --total.clients ${each} --local.ip ${loopbackRange(needed)}`
          }
        : {
            when: `fewer from each address (the same connections need ${needed} addresses), with your other flags`,
            command: `node dist/client.js --total.clients ${CONNECTIONS_OF_ADDRESS}`
          }
    ]
  })
}

/** The first so many addresses from 127.0.1.1 on. */
const loopbackRange = (addresses: number): string => {
  const last = 256 + addresses
  return addresses === 1
    ? "127.0.1.1"
    : `127.0.1.1-127.${(last >>> 16) & 255}.${(last >>> 8) & 255}.${last & 255}`
}

/** Commands that give the machine these addresses: a loop for a run within one /24. At most so many lines are shown. */
const MAX_LINES = 8

const addAddresses = (missing: ReadonlyArray<string>, device: string): ReadonlyArray<Remedy> => {
  const runs: Array<{ readonly prefix: string; readonly first: number; last: number }> = []
  for (const address of missing) {
    const [, prefix = "", end = ""] = /^(.*)\.(\d+)$/.exec(address) ?? []
    const latest = runs.at(-1)
    if (latest?.prefix === prefix && latest.last + 1 === Number(end)) latest.last++
    else runs.push({ prefix, first: Number(end), last: Number(end) })
  }
  const lines = runs.map(({ prefix, first, last }) =>
    first === last
      ? `ip address add ${prefix}.${first}/32 dev ${device}`
      : `for i in $(seq ${first} ${last}); do ip address add ${prefix}.$i/32 dev ${device}; done`
  )
  const left = lines.length - MAX_LINES
  return lines.slice(0, MAX_LINES).map((command, at) => ({
    when: at === MAX_LINES - 1 && left > 0 ? `as root; ${left} ranges more are not shown` : "as root",
    command
  }))
}

const ADDRESSES_WHY = "A connection can leave from addresses of this machine only."

const localAddresses = (config: ClientConfigValue, facts: MachineFacts): Check => {
  const all = addressesOf(config)
  const base = { name: "local addresses", required: count(all.length), why: ADDRESSES_WHY }
  const loopback = all.filter(isLoopback)
  if (isServerHere(config.server.uri, facts) === false && loopback.length > 0) {
    const other = facts.addresses.find((address) => /^[\d.]+$/.test(address) && !isLoopback(address))
    return {
      ...base,
      found: count(all.length - loopback.length),
      remark: `: ${loopback[0]} reaches this machine only`,
      verdict: "short",
      why: "Addresses of the loopback network do not leave the machine, and the server is elsewhere.",
      mend: [
        { when: "with your other flags", command: `node dist/client.js --local.ip ${other ?? "0.0.0.0"}` }
      ]
    }
  }
  const known = new Set(facts.addresses)
  const missing = all.filter(
    (address) => address !== "0.0.0.0" && !isLoopback(address) && !known.has(address)
  )
  if (missing.length === 0) return { ...base, found: count(all.length), remark: "", verdict: "ok", mend: [] }
  if (known.size === 0) return { ...base, found: "not readable", remark: "", verdict: "unknown", mend: [] }
  return {
    ...base,
    found: count(all.length - missing.length),
    remark: `: ${missing[0]}${missing.length > 1 ? ` and ${count(missing.length - 1)} more are` : " is"} not here`,
    verdict: "short",
    mend: addAddresses(missing, facts.device ?? "eth0")
  }
}

export const clientChecks = (
  config: ClientConfigValue,
  plan: ClientPlan,
  facts: MachineFacts
): ReadonlyArray<Check> => [
  ...machineChecks(clientDemand(config, plan, facts), facts),
  ports(config, facts),
  localAddresses(config, facts)
]
