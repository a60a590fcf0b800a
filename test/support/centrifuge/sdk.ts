/** The npm client over WebSocket, with what it hears to wait for. It disconnects when the test has finished. */
import type { Socket } from "node:net"
import { Centrifuge, type Options, type PublicationContext, type SubscribedContext } from "centrifuge"
import { onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { Heard } from "../server/Heard.ts"

export interface Subscribed {
  readonly publications: Heard<PublicationContext>
  readonly subscribed: Heard<SubscribedContext>
}

export class Sdk {
  readonly client: Centrifuge
  readonly connected = new Heard<string>()
  /** Codes, of each end after which the client comes back or not. */
  readonly interrupted = new Heard<number>()
  readonly disconnected = new Heard<number>()
  #socket: WebSocket | undefined

  constructor(port: number, options: Partial<Options> = {}) {
    const tap = (socket: WebSocket) => {
      this.#socket = socket
    }
    class Tapped extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args)
        tap(this)
      }
    }
    this.client = new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, {
      websocket: Tapped,
      minReconnectDelay: 20,
      maxReconnectDelay: 200,
      ...options
    })
    this.client.on("connected", ({ client }) => this.connected.add(client))
    this.client.on("connecting", ({ code }) => {
      if (code > 0) this.interrupted.add(code)
    })
    this.client.on("disconnected", ({ code }) => this.disconnected.add(code))
    onTestFinished(() => this.client.disconnect())
  }

  /** Its port at this end, by which the kernel knows who holds the other. */
  get localPort(): number | undefined {
    return (this.#socket as unknown as { readonly _socket?: Socket } | undefined)?._socket?.localPort
  }

  /** Its id since it connected last. */
  get id(): string {
    return this.connected.all.at(-1) ?? ""
  }

  async connect(): Promise<this> {
    this.client.connect()
    await this.connected.count(1)
    return this
  }

  /** Subscribes, and settles when the server has agreed. */
  async subscribe(channel: string, options = {}): Promise<Subscribed> {
    const subscription = this.client.newSubscription(channel, options)
    const heard = {
      publications: new Heard<PublicationContext>(),
      subscribed: new Heard<SubscribedContext>()
    }
    subscription.on("publication", heard.publications.add)
    subscription.on("subscribed", heard.subscribed.add)
    subscription.subscribe()
    await heard.subscribed.count(1)
    return heard
  }
}
