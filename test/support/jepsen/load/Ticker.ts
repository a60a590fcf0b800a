/** A schedule at a fixed rate, made and ended over the API of any node. */

import type { ClusterNode } from "../cluster/ClusterNode.ts"
import type { Random } from "../Random.ts"
import { now, type Recorder } from "../Recorder.ts"
import { until } from "../until.ts"

const EVERY_MS = 500
/** From now until its first and after its last due time: longer than a request takes. */
const AHEAD_MS = 3000

const isOver = (state: unknown): boolean =>
  state === "completed" || state === "failed" || state === "cancelled"

export class Ticker {
  #start = 0

  constructor(
    readonly id: string,
    readonly channel: string,
    readonly recorder: Recorder,
    readonly nodes: ReadonlyArray<ClusterNode>,
    readonly random: Random
  ) {}

  /** Before any fault. */
  async begin(): Promise<void> {
    const { id, channel } = this
    this.#start = Math.ceil((now() + AHEAD_MS) / EVERY_MS) * EVERY_MS
    this.recorder.note("schedule", { id, channel, start: this.#start, every: EVERY_MS })
    const { status, json } = await this.random.pick(this.nodes).ask("POST", "/api/schedules", {
      ...{ id, channels: [channel], every: EVERY_MS, start: this.#start, catchUp: "all" },
      template: { id, due: "{{dueMs}}" }
    })
    if (status !== 201) throw new Error(`the schedule was not made: ${status} ${JSON.stringify(json)}`)
    // Where the machine took longer than that, the first due time is a later one.
    this.#start = Math.max(this.#start, Date.parse(json.due))
    this.recorder.note("schedule", { id, channel, start: this.#start, every: EVERY_MS })
    this.recorder.note("scheduled", { id })
  }

  /** Gives it an end; completes when its last run is over. */
  async end(signal: AbortSignal): Promise<void> {
    const { id, channel } = this
    const path = `/api/schedules/${id}`
    // A change of the trigger goes on from now: what is due still is waited for.
    await until(async () => Date.parse((await this.#ask("GET", path)).json.due) > now() || undefined, signal)
    await until(async () => {
      const end = Math.ceil((now() + AHEAD_MS) / EVERY_MS) * EVERY_MS
      this.recorder.note("schedule", { id, channel, start: this.#start, every: EVERY_MS, end })
      return (await this.#ask("PATCH", path, { end })).status === 200 || undefined
    }, signal)
    this.recorder.note("scheduled", { id })
    await until(async () => isOver((await this.#ask("GET", path)).json.state) || undefined, signal)
  }

  /** What each node has of its runs. */
  async readRuns(signal: AbortSignal): Promise<void> {
    for (const node of this.nodes) {
      const runs: Array<{ readonly due: number; readonly outcome: string }> = []
      for (let cursor: string | undefined = ""; cursor !== undefined; ) {
        const path = `/api/schedules/${this.id}/runs?limit=100${cursor}`
        const { json } = await until(async () => {
          const answer = await node.ask("GET", path)
          return answer.status === 200 ? answer : undefined
        }, signal)
        for (const { due, outcome } of json.runs as ReadonlyArray<RunJson>)
          runs.push({ due: Date.parse(due), outcome })
        cursor = json.cursor === undefined ? undefined : `&cursor=${encodeURIComponent(json.cursor)}`
      }
      this.recorder.note("runs", { id: this.id, node: node.name, runs })
    }
  }

  #ask(method: string, path: string, body?: unknown) {
    return this.random.pick(this.nodes).ask(method, path, body)
  }
}

interface RunJson {
  readonly due: string
  readonly outcome: string
}
