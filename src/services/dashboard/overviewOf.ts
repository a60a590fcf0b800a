/** The overview, read out of the samples that `/metrics` tells: the two cannot disagree. */
import type { Overview, ProcessState } from "../../protocol/dashboard.ts"
import type { Sample } from "../Metrics.ts"

/** What is not in the samples. */
export type OverviewFacts = Pick<
  Overview,
  "at" | "life" | "startedAt" | "state" | "connections" | "timeToLastWriteMs" | "cluster"
>

/** The name of the process where there is only one. */
export const ONLY_PROCESS = "server"

type Named = ReadonlyMap<string, ReadonlyArray<Sample>>

const byName = (samples: ReadonlyArray<Sample>): Named => {
  const named = new Map<string, Array<Sample>>()
  for (const sample of samples) {
    const found = named.get(sample.name)
    if (found === undefined) named.set(sample.name, [sample])
    else found.push(sample)
  }
  return named
}

const sum = (named: Named, ...names: ReadonlyArray<string>): number => {
  let total = 0
  for (const name of names) for (const { value } of named.get(name) ?? []) total += value
  return total
}

/** Sums by the value of a label. */
const sumsBy = (named: Named, label: string, ...names: ReadonlyArray<string>): Record<string, number> => {
  const sums: Record<string, number> = {}
  for (const name of names)
    for (const { labels, value } of named.get(name) ?? []) {
      const key = labels?.[label] ?? ""
      sums[key] = (sums[key] ?? 0) + value
    }
  return sums
}

const processName = ({ labels }: Sample): string => labels?.process ?? ONLY_PROCESS

/** One of each process that lives: what the dead have counted has no memory in use. */
const processesOf = (named: Named): ReadonlyArray<ProcessState> => {
  const of = (name: string): ReadonlyMap<string, number> => {
    const values = new Map<string, number>()
    for (const sample of named.get(name) ?? []) {
      const process = processName(sample)
      values.set(process, (values.get(process) ?? 0) + sample.value)
    }
    return values
  }
  const [cpu, heap] = [of("process_cpu_seconds_total"), of("nodejs_heap_size_used_bytes")]
  const delays = new Map<string, Record<string, number>>()
  for (const sample of named.get("clarion_event_loop_delay_seconds") ?? []) {
    const process = processName(sample)
    const percentiles = delays.get(process) ?? {}
    percentiles[sample.labels?.percentile ?? ""] = sample.value * 1000
    delays.set(process, percentiles)
  }
  return [...of("process_resident_memory_bytes")].map(([name, residentBytes]) => {
    const { 50: p50 = 0, 99: p99 = 0, 100: max = 0 } = delays.get(name) ?? {}
    return {
      name,
      loopDelayMs: { p50, p99, max },
      cpuSeconds: cpu.get(name) ?? 0,
      residentBytes,
      heapBytes: heap.get(name) ?? 0
    }
  })
}

/** Those of workers may stand beside each other: what has the same name is added up. */
export const overviewOf = (samples: ReadonlyArray<Sample>, facts: OverviewFacts): Overview => {
  const named = byName(samples)
  return {
    ...facts,
    clients: sum(named, "clarion_clients"),
    subscriptions: sum(named, "clarion_subscriptions"),
    opened: sum(named, "clarion_connections_opened_total"),
    closed: sum(named, "clarion_connections_closed_total"),
    closedByCode: sumsBy(named, "code", "clarion_connections_closed_total"),
    refused: sumsBy(named, "reason", "clarion_handshakes_refused_total"),
    broadcasts: sum(named, "clarion_broadcasts_total"),
    publications: sum(named, "clarion_publications_total"),
    written: sum(named, "clarion_messages_written_total", "clarion_channel_messages_written_total"),
    writtenInChannels: sum(named, "clarion_channel_messages_written_total"),
    dropped: sumsBy(
      named,
      "reason",
      "clarion_messages_dropped_total",
      "clarion_channel_messages_dropped_total"
    ),
    missed: sum(named, "clarion_messages_missed_total", "clarion_channel_messages_missed_total"),
    received: sum(named, "clarion_messages_received_total"),
    slowConsumers: sum(named, "clarion_slow_consumers_total"),
    processes: processesOf(named)
  }
}
