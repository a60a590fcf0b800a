import { describe, expect, it } from "vitest"
import { type OverviewFacts, overviewOf } from "../../../../src/services/dashboard/overviewOf.ts"
import type { Sample } from "../../../../src/services/Metrics.ts"
import { overviewAt } from "../../../support/overview.ts"

const FACTS: OverviewFacts = {
  at: 2000,
  life: "a life",
  startedAt: 1000,
  state: "serving",
  connections: 7,
  timeToLastWriteMs: null
}

const sample = (name: string, value: number, labels: Readonly<Record<string, string>> = {}): Sample => ({
  type: name.endsWith("_total") ? "counter" : "gauge",
  name,
  help: "",
  value,
  labels
})

const processSamples = (process: Readonly<Record<string, string>>, value: number): ReadonlyArray<Sample> => [
  sample("process_cpu_seconds_total", value, process),
  sample("process_resident_memory_bytes", value * 100, process),
  sample("nodejs_heap_size_used_bytes", value * 10, process),
  ...["50", "99", "100"].map((percentile, i) =>
    sample("clarion_event_loop_delay_seconds", (value + i) / 1000, { ...process, percentile })
  )
]

describe("the overview", () => {
  it("of a server that has counted nothing is all zero", () => {
    expect(overviewOf([], FACTS)).toEqual(overviewAt(FACTS.at, FACTS))
  })

  it("adds up what workers tell, by code and reason, and broadcasts with channels", () => {
    const samples = [1, 10].flatMap((factor) => [
      sample("clarion_clients", 2 * factor),
      sample("clarion_subscriptions", 3 * factor),
      sample("clarion_connections_opened_total", 9 * factor),
      sample("clarion_connections_closed_total", 1 * factor, { code: "1000" }),
      sample("clarion_connections_closed_total", 4 * factor, { code: "1006" }),
      sample("clarion_handshakes_refused_total", 5 * factor, { reason: "rate" }),
      sample("clarion_messages_received_total", 6 * factor),
      sample("clarion_slow_consumers_total", 7 * factor),
      sample("something_else", 1000)
    ])
    const ofChannels = ["", "channel_"].flatMap((kind, i) => [
      sample(`clarion_${kind}messages_written_total`, 100 + i),
      sample(`clarion_${kind}messages_dropped_total`, 20 + i, { reason: "slow" }),
      sample(`clarion_${kind}messages_dropped_total`, 30 + i, { reason: "mailbox" }),
      sample(`clarion_${kind}messages_missed_total`, 40 + i)
    ])
    const totals = [sample("clarion_broadcasts_total", 50), sample("clarion_publications_total", 60)]
    expect(overviewOf([...samples, ...ofChannels, ...totals], FACTS)).toEqual({
      ...FACTS,
      clients: 22,
      subscriptions: 33,
      opened: 99,
      closed: 55,
      closedByCode: { 1000: 11, 1006: 44 },
      refused: { rate: 55 },
      broadcasts: 50,
      publications: 60,
      written: 201,
      writtenInChannels: 101,
      dropped: { slow: 41, mailbox: 61 },
      missed: 81,
      received: 66,
      slowConsumers: 77,
      processes: []
    })
  })

  it("has each process that lives, with what its earlier lives have used, and none that is dead", () => {
    const dead = [sample("process_cpu_seconds_total", 5, { process: "worker-1" })]
    const earlier = [sample("process_cpu_seconds_total", 40, { process: "worker-0" })]
    const live = [...processSamples({ process: "primary" }, 1), ...processSamples({ process: "worker-0" }, 2)]
    expect(overviewOf([...dead, ...earlier, ...live], FACTS).processes).toEqual([
      {
        name: "primary",
        loopDelayMs: { p50: 1, p99: 2, max: 3 },
        cpuSeconds: 1,
        residentBytes: 100,
        heapBytes: 10
      },
      {
        name: "worker-0",
        loopDelayMs: { p50: 2, p99: 3, max: 4 },
        cpuSeconds: 42,
        residentBytes: 200,
        heapBytes: 20
      }
    ])
  })

  it("names the only process of a server", () => {
    expect(overviewOf(processSamples({}, 3), FACTS).processes).toMatchObject([
      { name: "server", cpuSeconds: 3 }
    ])
  })
})
