/** What is sent goes over an SDK connection of its own, so that it arrives while those of the panes are cut. */
import type { Centrifuge, Subscription } from "centrifuge"
import { Cable } from "./Cable.ts"
import { Changes } from "./Changes.ts"
import { type ChatMessage, DEMO_CHANNEL } from "./chat.ts"
import { connectSdk } from "./ways/SdkWay.ts"

const BURST = 100
const BURST_MS = 1000

/** Has to do without `crypto.randomUUID`, which pages have over TLS and on localhost alone. */
const newSenderId = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("")

const reasonOf = (error: unknown): string => {
  const { message, code } = (error ?? {}) as { readonly message?: unknown; readonly code?: unknown }
  return typeof message === "string" ? (code === undefined ? message : `${message} (${code})`) : String(error)
}

export class Sender {
  readonly changes = new Changes()
  readonly client: Centrifuge
  readonly #subscription: Subscription
  state: "connecting" | "connected" | "disconnected" = "connecting"
  accepted = 0
  failed = 0
  /** Why the last one failed that did. */
  problem: string | undefined
  isBursting = false
  #id = newSenderId()
  #n = 0

  constructor() {
    this.client = connectSdk(new Cable())
    this.client.on("state", ({ newState }) => {
      this.state = newState as typeof this.state
      this.changes.tell()
    })
    // Who wants to publish in the demo's channel has to hear it, too.
    this.#subscription = this.client.newSubscription(DEMO_CHANNEL)
    this.#subscription.subscribe()
    this.client.connect()
  }

  /** Whether the server took it. */
  async send(name: string, text: string): Promise<boolean> {
    this.#n += 1
    const message: ChatMessage = { sender: this.#id, n: this.#n, name, text, sentAt: Date.now() }
    try {
      await this.#subscription.publish(message)
      this.accepted += 1
      this.problem = undefined
      return true
    } catch (error) {
      this.failed += 1
      this.problem = reasonOf(error)
      // Nobody is to look for a message that was never published.
      this.#id = newSenderId()
      this.#n = 0
      return false
    } finally {
      this.changes.tell()
    }
  }

  /** A hundred messages, evenly over a second. */
  burst(name: string): void {
    if (this.isBursting) return
    this.isBursting = true
    this.changes.tell()
    const began = performance.now()
    let sent = 0
    const timer = setInterval(() => {
      // Timers come late: what is due by now goes out.
      const due = Math.min(BURST, Math.ceil(((performance.now() - began) / BURST_MS) * BURST))
      for (; sent < due; sent += 1) void this.send(name, `${sent + 1} of ${BURST}`)
      if (sent < BURST) return
      clearInterval(timer)
      this.isBursting = false
      this.changes.tell()
    }, BURST_MS / BURST)
  }
}
