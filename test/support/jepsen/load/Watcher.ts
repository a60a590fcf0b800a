/** A client of the npm SDK that takes a node at random each time it connects, and records what it is given. */
import { Centrifuge, type PublicationContext, type Subscription } from "centrifuge"
import { onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { runPayload } from "../checks/schedules.ts"
import type { ClusterNode } from "../cluster/ClusterNode.ts"
import type { Position } from "../History.ts"
import type { Random } from "../Random.ts"
import type { Recorder } from "../Recorder.ts"

/** A run of a schedule says which one; everything else is its payload. */
export const payloadOf = (data: unknown): string =>
  typeof data === "string" ? data : runPayload((data as { id: string }).id, (data as { due: number }).due)

export class Watcher {
  readonly #sdk: Centrifuge
  readonly #positions = new Map<string, Position>()
  readonly #looking = new Set<() => void>()
  #socket: WebSocket | undefined
  #node = ""

  constructor(
    readonly name: string,
    readonly recorder: Recorder,
    nodes: ReadonlyArray<ClusterNode>,
    channels: ReadonlyArray<string>,
    random: Random
  ) {
    const dial = (): string => {
      const { name, address } = random.pick(nodes)
      this.#node = name
      return `ws://${address}/connection/websocket`
    }
    const opened = (socket: WebSocket) => {
      this.#socket = socket
    }
    class AnyNode extends WebSocket {
      constructor(_: unknown, protocols?: string | Array<string>) {
        super(dial(), protocols)
        opened(this)
      }
    }
    this.#sdk = new Centrifuge("ws://any/connection/websocket", {
      websocket: AnyNode,
      minReconnectDelay: 50,
      maxReconnectDelay: 500,
      timeout: 5000,
      // Beyond the server's interval of pings.
      maxServerPingDelay: 2000
    })
    onTestFinished(() => this.#sdk.disconnect())
    for (const channel of channels) this.#watch(channel)
    this.#sdk.on("disconnected", ({ code, reason }) => {
      for (const channel of channels)
        recorder.note("ended", { client: name, channel, reason: `${code} ${reason}` })
    })
    this.#sdk.connect()
  }

  #watch(channel: string): void {
    const client = this.name
    const subscription: Subscription = this.#sdk.newSubscription(channel, {
      minResubscribeDelay: 50,
      maxResubscribeDelay: 500
    })
    subscription.on("subscribed", ({ wasRecovering, recovered, streamPosition: position }) => {
      const { offset, epoch } = position ?? { offset: 0, epoch: "" }
      this.recorder.note("subscribed", {
        ...{ client, channel, node: this.#node, wasRecovering, recovered },
        position: { offset, epoch }
      })
      this.#reach(channel, { epoch, offset: recovered ? this.#offsetIn(channel) : offset })
    })
    subscription.on("publication", ({ offset = 0, data }: PublicationContext) => {
      this.recorder.note("delivered", { client, channel, offset, payload: payloadOf(data) })
      this.#reach(channel, { epoch: this.#positions.get(channel)?.epoch ?? "", offset })
    })
    subscription.on("unsubscribed", ({ code, reason }) =>
      this.recorder.note("ended", { client, channel, reason: `${code} ${reason}` })
    )
    subscription.subscribe()
  }

  #offsetIn(channel: string): number {
    return this.#positions.get(channel)?.offset ?? 0
  }

  #reach(channel: string, position: Position): void {
    this.#positions.set(channel, position)
    for (const lookAgain of this.#looking) lookAgain()
  }

  /** Its connection breaks, as that of a telephone in a tunnel. */
  cut(): void {
    this.#socket?.terminate()
  }

  /** Where it is; undefined before its first subscription. */
  at(channel: string): Position | undefined {
    return this.#positions.get(channel)
  }

  /** Completes when it has everything up to there in that stream. */
  reaches(channel: string, { offset, epoch }: Position): Promise<void> {
    return new Promise((resolve) => {
      const lookAgain = () => {
        const at = this.#positions.get(channel)
        if (at === undefined || at.epoch !== epoch || at.offset < offset) return
        this.#looking.delete(lookAgain)
        resolve()
      }
      this.#looking.add(lookAgain)
      lookAgain()
    })
  }
}
