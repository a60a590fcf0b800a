/** A ramp process that does what the test says, as the child process that the client believes it has started. */
import type { ChildProcess } from "node:child_process"
import { EventEmitter } from "node:events"
import { RunMetrics } from "../../../src/client/metrics/RunMetrics.ts"
import type { FromRamps, ToRamps } from "../../../src/client/processMessages.ts"

type Tag = ToRamps["_tag"]

export class FakeRampProcess extends EventEmitter {
  readonly pid = 1
  connected = true
  readonly heard: Array<ToRamps> = []
  /** What is not answered. */
  readonly deafTo = new Set<Tag>()
  metrics = new RunMetrics(0)
  cpu = 0.1
  /** When it is asked for its snapshot, in epoch milliseconds. */
  now = 1000

  constructor(readonly name: string) {
    super()
    // Not before who starts it listens.
    queueMicrotask(() => this.emit("message", "linked"))
  }

  get asChild(): ChildProcess {
    return this as unknown as ChildProcess
  }

  count(tag: Tag): number {
    return this.heard.filter(({ _tag }) => _tag === tag).length
  }

  tell(message: FromRamps): void {
    this.emit("message", structuredClone(message))
  }

  end(code: number | null, signal: string | null): void {
    if (!this.connected) return
    this.connected = false
    this.emit("exit", code, signal)
  }

  readonly kill = (signal: string): boolean => {
    this.end(null, signal)
    return true
  }

  readonly send = (message: ToRamps): boolean => {
    this.heard.push(message)
    if (!this.deafTo.has(message._tag)) queueMicrotask(() => this.answer(message))
    return true
  }

  answer(message: ToRamps): void {
    const counts = this.metrics.counts()
    if (message._tag === "Prepare") this.tell({ _tag: "Ready" })
    else if (message._tag === "AskGlance") this.tell({ _tag: "Glance", glance: this.glance() })
    else if (message._tag === "Stop") this.tell({ _tag: "Stopped", glance: this.glance() })
    else if (message._tag === "AskSnapshot") {
      const loopDelayMs = { p50: this.cpu, p99: this.cpu * 2, max: this.cpu * 3 }
      this.tell({
        ...{ _tag: "Snapshot", snapshot: this.metrics.snapshot(this.now, message.seriesFromMs), counts },
        load: { loopDelayMs, cpu: this.cpu }
      })
    }
  }

  glance(): Extract<FromRamps, { _tag: "Glance" }>["glance"] {
    return {
      phase: "holding",
      counts: this.metrics.counts(),
      ramps: [{ name: "ramp-127.0.1.1", state: "serving", connections: this.metrics.active, restarts: 0 }],
      news: { ended: [], latestEnd: "", log: [] }
    }
  }
}
