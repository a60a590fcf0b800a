/** The place of one worker through all of its lives: who lives in it now, and what the dead have counted. */
import * as Effect from "effect/Effect"
import type { ActorNode } from "../services/ActorTree.ts"
import type { Sample } from "../services/Metrics.ts"
import { addSamples, counted } from "../services/workers/sampleSums.ts"
import type { Worker } from "./Worker.ts"

/** Connections of a dead worker have ended without a close frame. */
const lostSample = (connections: number): Sample => ({
  type: "counter",
  name: "clarion_connections_closed_total",
  help: "Connections ended, by close code (1006: without a close frame)",
  value: connections,
  labels: { code: "1006" }
})

export class WorkerSlot {
  worker: Worker | undefined
  #counted: ReadonlyArray<Sample> = []

  constructor(readonly name: string) {}

  /** A life begins or, with undefined, ends. */
  alive(worker: Worker | undefined): void {
    const { observed } = this.worker ?? {}
    if (worker === undefined && observed !== undefined) {
      this.#counted = addSamples([...this.#counted, ...counted(observed.samples), lostSample(observed.live)])
    }
    this.worker = worker
  }

  /** What it counts and has counted, as last told. */
  get samples(): ReadonlyArray<Sample> {
    return [...this.#counted, ...(this.worker?.observed?.samples ?? [])]
  }

  /** The actors of the process, as last told. */
  get actors(): ReadonlyArray<ActorNode> {
    return this.worker?.observed?.actors ?? []
  }

  /** Asks it, and completes when it has told; at once where nobody lives here. */
  get observe(): Effect.Effect<void> {
    return Effect.suspend(() => this.worker?.observe ?? Effect.void)
  }
}
