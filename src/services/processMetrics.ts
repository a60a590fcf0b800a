/** What Prometheus expects every process to tell, under its customary names, and the delay of the event loop. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { version } from "../config/commandLine.ts"
import { EventLoopDelay, type LoopDelay } from "./EventLoopDelay.ts"
import { Metrics, type Sample } from "./Metrics.ts"

const loopDelay = ({ p50, p99, max }: LoopDelay): ReadonlyArray<Sample> =>
  [["50", p50] as const, ["99", p99] as const, ["100", max] as const].map(([percentile, ms]) => ({
    type: "gauge",
    name: "clarion_event_loop_delay_seconds",
    help: "Delay of the event loop in the last ten seconds",
    value: ms / 1000,
    // "quantile" is a summary's own.
    labels: { percentile }
  }))

const collect = (delay: LoopDelay, labels: Readonly<Record<string, string>>): ReadonlyArray<Sample> => {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  const samples: ReadonlyArray<Sample> = [
    {
      type: "gauge",
      name: "clarion_build_info",
      help: "Always 1; the labels tell the versions",
      value: 1,
      labels: { version, node: process.version }
    },
    {
      type: "counter",
      name: "process_cpu_seconds_total",
      help: "User and system CPU time",
      value: (user + system) / 1e6
    },
    { type: "gauge", name: "process_resident_memory_bytes", help: "Resident memory", value: rss },
    { type: "gauge", name: "nodejs_heap_size_used_bytes", help: "Heap in use", value: heapUsed },
    ...loopDelay(delay)
  ]
  return samples.map((sample) => ({ ...sample, labels: { ...labels, ...sample.labels } }))
}

/** @param labels tell the processes of one server apart, where it has several */
export const layer = (labels: Readonly<Record<string, string>> = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const delay = yield* EventLoopDelay
      yield* (yield* Metrics).register(Effect.sync(() => collect(delay.read(), labels)))
    })
  )
