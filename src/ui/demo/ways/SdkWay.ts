/** The SDK (npm `centrifuge`): it comes back, says where it was, and gets what it missed, or is told that it cannot. */
import { Centrifuge, type PublicationContext, type SubscribedContext } from "centrifuge"
import type { Cable } from "../Cable.ts"
import { DEMO_CHANNEL, readData } from "../chat.ts"
import { socketsOver } from "../cuttableSocket.ts"
import { socketUrl, type Way, type WayListener } from "./Way.ts"

/** Longest pause before it tries again; the SDK's own is 20 seconds, in which nobody would look at a demo. */
const MAX_RECONNECT_MS = 2000

export const connectSdk = (cable: Cable): Centrifuge =>
  new Centrifuge(socketUrl("/connection/websocket"), {
    websocket: socketsOver(cable),
    maxReconnectDelay: MAX_RECONNECT_MS,
    name: "demo"
  })

export class SdkWay implements Way {
  readonly #client: Centrifuge
  #epoch = ""
  #isRecovering = false
  #wasOn = false

  constructor(
    cable: Cable,
    readonly listener: WayListener
  ) {
    this.#client = connectSdk(cable)
    const { changed } = listener
    this.#client.on("connecting", ({ code, reason }) =>
      this.#wasOn ? changed("away", `code ${code}, ${reason}`) : changed("connecting")
    )
    this.#client.on("disconnected", ({ code, reason }) =>
      code === 0 ? changed("off") : changed("refused", `code ${code}, ${reason}`)
    )
    const subscription = this.#client.newSubscription(DEMO_CHANNEL)
    subscription.on("subscribed", (context) => this.#subscribed(context))
    subscription.on("publication", (context) => this.#published(context))
    subscription.on("unsubscribed", ({ code, reason }) => changed("refused", `code ${code}, ${reason}`))
    subscription.subscribe()
  }

  connect = (): void => {
    this.#wasOn = false
    this.#client.connect()
  }

  disconnect = (): void => this.#client.disconnect()

  #subscribed({
    wasRecovering,
    recovered,
    hasRecoveredPublications,
    streamPosition
  }: SubscribedContext): void {
    this.#wasOn = true
    this.#epoch = streamPosition?.epoch ?? ""
    if (wasRecovering && !recovered) this.listener.lost(streamPosition)
    else if (!wasRecovering && streamPosition !== undefined) this.listener.stands(streamPosition)
    // The SDK hands them out right after this, in the same turn.
    this.#isRecovering = hasRecoveredPublications
    queueMicrotask(() => {
      this.#isRecovering = false
    })
    this.listener.changed("on")
  }

  #published({ data, offset }: PublicationContext): void {
    const position = offset === undefined ? undefined : { epoch: this.#epoch, offset }
    this.listener.arrived({ said: readData(data), position, isRecovered: this.#isRecovering })
  }
}
