/** What server and clients have to be for so many connections, as settings of their own; and whether this machine carries them. */
import { clientKeys } from "clarion/config/ClientConfig"
import { resolve } from "clarion/config/resolve"
import { serverKeys, serverRules } from "clarion/config/ServerConfig"
import { fromJson } from "clarion/config/sources"
import { diagnoseClient, diagnoseServer } from "clarion/doctor/doctor"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Options } from "./options.ts"

/** Local ports towards one server address, with room for those that are still in TIME_WAIT from a run before. */
const CONNECTIONS_PER_ADDRESS = 25_000
/** The server listens on 127.0.0.1, the clients leave from 127.0.1.1 and up. */
const MAX_ADDRESSES = 60_000
/**
 * From step to step of a ramp, as in the classic test. Four seconds cost less CPU for a set-up (165 µs for both ends instead of 187, with
 * 300,000), but a client that has a step of so many to get through is late with its requests, and servers cut who says nothing for ten.
 */
const STEP_MS = 1000
/** A connection waits behind all others of its step, and its SYN may have to be repeated. */
const SETUP_TIMEOUT = "2 minutes"

/** Settings by their keys, as on a command line. */
export type Settings = Readonly<Record<string, string | number | boolean>>

export interface Sizing {
  /** Connections in all: as many as asked for, or a few more, as every address holds the same number. */
  readonly connections: number
  readonly addresses: number
  readonly server: Settings
  readonly client: Settings
}

const addressAt = (i: number): string => `127.0.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`

/** The fewest addresses that divide the connections evenly; where none near does, the fewest at all. */
const addressesFor = (connections: number): number => {
  const fewest = Math.ceil(connections / CONNECTIONS_PER_ADDRESS)
  for (let addresses = fewest; addresses <= 2 * fewest; addresses++) {
    if (connections % addresses === 0) return addresses
  }
  return fewest
}

export const sizeFor = ({ connections, rate, interval, ping, transport }: Options, port: number): Sizing => {
  const addresses = Math.min(MAX_ADDRESSES, addressesFor(connections))
  const clients = Math.ceil(connections / addresses)
  const perStep = (rate / addresses / 1000) * STEP_MS
  // A step opens whole connections, so where the pace is slow the steps have to be longer.
  const batchSize = Math.max(1, Math.round(perStep))
  const stepMs = Math.round((batchSize / perStep) * STEP_MS)
  return {
    connections: addresses * clients,
    addresses,
    server: {
      "server.ip": "127.0.0.1",
      "server.port": port,
      "server.transport": transport,
      "server.workers": "auto",
      "auth.apiKey": "c1000k",
      "limits.pingInterval": `${ping} s`,
      "limits.idleTimeout": `${ping * 2} s`,
      "log.format": "json",
      totalSize: addresses * clients,
      onlyTestConnect: false,
      "sending.timer.delay": `${interval} s`,
      "sending.timer.interval": `${interval} s`
    },
    client: {
      "server.uri": `ws://127.0.0.1:${port}`,
      "local.ip": Array.from({ length: addresses }, (_, i) => addressAt(i)).join(","),
      "total.clients": clients,
      "setup.batchSize": batchSize,
      "setup.timeout": SETUP_TIMEOUT,
      "setup.interval": `${stepMs} ms`,
      "report.interval": "1 hour",
      "log.format": "json"
    }
  }
}

export const toFlags = (settings: Settings): ReadonlyArray<string> =>
  Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)])

/** What is short on this machine, in the doctor's words; undefined where all fits. */
export const shortage = async ({ server, client }: Sizing): Promise<string | undefined> => {
  const serverConfig = Result.getOrThrow(
    resolve(serverKeys, [fromJson(serverKeys, server, "c1000k")], serverRules)
  )
  const clientConfig = Result.getOrThrow(resolve(clientKeys, [fromJson(clientKeys, client, "c1000k")]))
  const diagnoses = await Effect.runPromise(
    Effect.all([diagnoseServer(serverConfig), diagnoseClient(clientConfig)])
  )
  const short = diagnoses.filter(({ isShort }) => isShort)
  return short.length === 0 ? undefined : short.map(({ text }) => text).join("\n\n")
}
