/** Publishes over the server API of any node, and takes down each attempt. */
import { type ClusterNode, isRefused } from "../cluster/ClusterNode.ts"
import type { Random } from "../Random.ts"
import type { Recorder } from "../Recorder.ts"

/** Before a repetition: a rate, not a wait for anything. */
const AGAIN_MS = 100

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const textOf = (error: unknown): string => {
  const { name, message, cause } = error as Error
  return `${name}: ${message} ${(cause as Error | undefined)?.message ?? ""}`.slice(0, 200)
}

export class Attempts {
  #isGivingUp = false

  /** @param isKeyed what is not answered is tried again, at another node, with its idempotency key; else it stays unknown */
  constructor(
    readonly by: string,
    readonly isKeyed: boolean,
    readonly recorder: Recorder,
    readonly nodes: ReadonlyArray<ClusterNode>,
    readonly random: Random
  ) {}

  /** What it is trying to publish is not tried again. */
  giveUp(): void {
    this.#isGivingUp = true
  }

  /** Until it is acknowledged, where it has a key. */
  async publish(channel: string, payload: string): Promise<void> {
    while (!(await this.#attempt(channel, payload)) && this.isKeyed && !this.#isGivingUp)
      await pause(AGAIN_MS)
  }

  /** Whether it was acknowledged. */
  async #attempt(channel: string, payload: string): Promise<boolean> {
    const { recorder, by, isKeyed } = this
    const op = recorder.nextOp()
    const node = this.random.pick(this.nodes)
    const key = isKeyed ? { key: payload } : {}
    recorder.note("invoke", { op, by, node: node.name, channel, payload, ...key })
    const again = isKeyed ? { idempotency_key: payload } : {}
    try {
      const { status, json } = await node.ask("POST", "/api/publish", { channel, data: payload, ...again })
      const { offset, epoch } = json.result ?? {}
      if (typeof offset === "number" && typeof epoch === "string")
        recorder.note("ok", { op, position: { offset, epoch } })
      else recorder.note("unknown", { op, error: `${status} ${JSON.stringify(json)}`.slice(0, 200) })
      return json.result !== undefined
    } catch (error) {
      recorder.note(isRefused(error) ? "fail" : "unknown", { op, error: textOf(error) })
      return false
    }
  }
}
