/** What sessions count, as metrics. Names are documented in docs/metrics.md. */
import { counter, gauge, type Sample } from "../Metrics.ts"
import type { Registry } from "./Registry.ts"

/** Numbers since start. */
export class SessionCounters {
  /** By the name of the command. */
  readonly commands = new Map<string, number>()
  /** Errors that commands were answered with, by code. */
  readonly errors = new Map<number, number>()
  /** Subscriptions that were to recover, and did or could not. */
  recovered = 0
  unrecovered = 0
  /** Subscriptions that were told that they missed something. */
  insufficient = 0
}

export const count = <K>(counts: Map<K, number>, key: K): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const RECOVERIES = "Subscriptions that came back, by whether they got all that they missed"

export const sessionSamples = (registry: Registry, counters: SessionCounters): ReadonlyArray<Sample> => [
  gauge("clarion_clients", "Client sessions that are connected", registry.clients.size),
  gauge("clarion_subscriptions", "Subscriptions of client sessions", registry.subscriptions),
  ...[...counters.commands].map(([command, value]) =>
    counter("clarion_commands_total", "Commands of clients", value, { command })
  ),
  ...[...counters.errors].map(([code, value]) =>
    counter("clarion_command_errors_total", "Commands answered with an error", value, { code: String(code) })
  ),
  counter("clarion_recoveries_total", RECOVERIES, counters.recovered, { recovered: "true" }),
  counter("clarion_recoveries_total", RECOVERIES, counters.unrecovered, { recovered: "false" }),
  counter(
    "clarion_insufficient_state_total",
    "Subscriptions told that they missed something",
    counters.insufficient
  )
]
