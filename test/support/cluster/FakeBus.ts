/** NATS in memory, for tests under a clock that stands still: what is published is there at once, in order, as long as links are up. */
import * as Effect from "effect/Effect"
import type { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { Subjects } from "../../../src/services/nats/subjects.ts"

type Heard = (message: { readonly data: Uint8Array }) => void

export class FakeBus {
  readonly subjects = new Subjects("test")
  readonly #links = new Set<FakeLink>()
  /** What was published while it hangs. */
  #held: Array<readonly [subject: string, data: Uint8Array]> | undefined

  /** @param uid of the node @param server id of the NATS server that it is connected to */
  link(uid: string, server = "one"): FakeLink {
    const link = new FakeLink(this, uid, server)
    this.#links.add(link)
    return link
  }

  /** To everyone; also what strangers say. */
  publish(subject: string, data: Uint8Array): void {
    if (this.#held !== undefined) return void this.#held.push([subject, data])
    for (const link of this.#links) link.take(subject, data)
  }

  /** It takes what is published, and passes nothing on. */
  hang(): void {
    this.#held = []
  }

  goOn(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const [subject, data] of held) this.publish(subject, data)
  }
}

/** One node's connection. */
export class FakeLink {
  /** Subjects of what it has sent. */
  readonly sent: Array<string> = []
  isUp = true
  /** What is published throws, as it does where a connection is being closed. */
  isBroken = false
  readonly #heard = new Map<string, Heard>()
  readonly #told = new Set<(isUp: boolean) => void>()
  /** What has come while the node is suspended. */
  #waiting: Array<readonly [subject: string, data: Uint8Array]> | undefined

  constructor(
    readonly bus: FakeBus,
    readonly uid: string,
    public server: string
  ) {}

  take(subject: string, data: Uint8Array): void {
    if (!this.isUp) return
    if (this.#waiting === undefined) this.#heard.get(subject)?.({ data })
    else this.#waiting.push([subject, data])
  }

  set(isUp: boolean): void {
    this.isUp = isUp
    for (const told of this.#told) told(isUp)
  }

  suspend(): void {
    this.#waiting = []
  }

  resume(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const [subject, data] of waiting) this.take(subject, data)
  }

  /** The part of the service that carries plain messages. */
  get service(): NatsLink["Service"] {
    const link = this
    return {
      uid: this.uid,
      subjects: this.bus.subjects,
      isUp: () => this.isUp,
      onChange: (told: (isUp: boolean) => void) => Effect.sync(() => void this.#told.add(told)),
      connection: {
        get info() {
          return { server_id: link.server, max_payload: 1_048_576 }
        },
        publish: (subject: string, data: Uint8Array) => {
          if (this.isBroken) throw new Error("the connection takes nothing")
          this.sent.push(subject)
          if (this.isUp) this.bus.publish(subject, data)
        }
      },
      hear: (subject: string, heard: Heard) =>
        Effect.acquireRelease(
          Effect.sync(() => void this.#heard.set(subject, heard)),
          () => Effect.sync(() => void this.#heard.delete(subject))
        )
    } as unknown as NatsLink["Service"]
  }
}
