/** A client of a room: it applies what it is sent, and takes down whatever is not as it was promised. */
import { applyDelta } from "fossil-delta"
import type {
  ChannelEvent,
  ChannelPublication,
  StreamPosition
} from "../../../src/services/hot/ChannelEvent.ts"
import type { Frame } from "../../../src/services/hot/Publication.ts"
import type { Room } from "../../../src/services/hot/Room.ts"
import { type Subscriber, Subscription } from "../../../src/services/hot/Subscription.ts"
import type { Wire } from "../../../src/services/hot/Wire.ts"
import { FakeConnection } from "../FakeConnection.ts"

export interface ClientKind {
  readonly isPositioned: boolean
  readonly isDelta: boolean
  readonly hearsJoins: boolean
  /** Only publications with this tag. */
  readonly tag: string | undefined
  readonly isServedAlone: boolean
  readonly wire: 0 | 1
}

/** A message of the test's wires. */
interface Message {
  readonly kind: ChannelEvent["kind"]
  readonly offset: number
  readonly data: string
  readonly isPatch: boolean
}

const messageOf = (publication: ChannelPublication, patch?: Uint8Array): string => {
  const data = Buffer.from(patch ?? publication.data).toString("base64")
  const message: Message = {
    kind: "publication",
    offset: publication.offset,
    data,
    isPatch: patch !== undefined
  }
  return JSON.stringify(message)
}

const wireOf = (index: number): Wire => ({
  index,
  isStream: index === 1,
  encode: ({ kind, publication }, isDelta, patch) => {
    const text =
      kind === "publication"
        ? messageOf(publication, isDelta ? patch : undefined)
        : JSON.stringify({ kind, offset: 0, data: "", isPatch: false } satisfies Message)
    return { data: Buffer.from(text), isBinary: false }
  },
  join: (frames) => frames.map((frame) => ({ frame, count: 1 }))
})

const wires = [wireOf(0), wireOf(1)] as const

class ClientConnection extends FakeConnection {
  constructor(readonly client: RoomClient) {
    super()
  }

  override send(data: Uint8Array): boolean {
    this.client.receive(JSON.parse(Buffer.from(data).toString()) as Message)
    return true
  }
}

export class RoomClient implements Subscriber {
  readonly connection = new ClientConnection(this)
  readonly wire: Wire
  readonly isServedAlone: boolean
  readonly subscription: Subscription
  readonly violations: Array<string> = []
  joins = 0
  /** It was told that it missed something. */
  isTold = false
  state: "reading" | "beginning" | "live" | "gone" = "reading"
  /** Something was lost on the way to its room since it came. */
  mayMiss = false
  #position: StreamPosition = { epoch: "", offset: 0 }
  /** What it was sent last, which differences are relative to. */
  #last: Uint8Array | undefined
  /** Publications that it has to get, in order, and got: payloads. */
  readonly expected: Array<string> = []
  readonly received: Array<string> = []

  constructor(
    readonly kind: ClientKind,
    readonly room: Room,
    readonly left: (room: Room) => void
  ) {
    this.wire = wires[kind.wire]
    this.isServedAlone = kind.isServedAlone
    const { isPositioned, hearsJoins, isDelta, tag } = kind
    const filter = tag === undefined ? undefined : (tags: ChannelPublication["tags"]) => tags?.tag === tag
    this.subscription = new Subscription(this, room, isPositioned, hearsJoins, isDelta, filter)
    room.add(this.subscription)
  }

  get isSettling(): boolean {
    return this.state === "reading" || this.state === "beginning"
  }

  /** @param since it goes on from this offset of the stream, as far as that is still there */
  settle(top: StreamPosition, history: ReadonlyArray<ChannelPublication>, since: number | undefined): void {
    if (this.state === "reading") this.#read(top, history, since)
    else if (this.state === "beginning") {
      this.state = "live"
      this.subscription.begin()
    }
  }

  #read(top: StreamPosition, history: ReadonlyArray<ChannelPublication>, since: number | undefined): void {
    this.state = "beginning"
    const { isPositioned } = this.kind
    if (isPositioned) this.subscription.moveTo(top)
    this.#position = top
    if (!isPositioned || since === undefined) return
    for (const publication of history.slice(Math.min(since, top.offset))) {
      this.#last = publication.data
      this.subscription.needsWhole = false
    }
  }

  /** Something is published, which it has to get if it is subscribed and wants it. */
  wasPublished({ data, tags, offset }: ChannelPublication): void {
    const { tag, isPositioned } = this.kind
    if (tag !== undefined && tags?.tag !== tag) return
    // Who follows a position gets what comes after it, others what is published once they are told that they are subscribed.
    const isDue = isPositioned && offset > 0 ? this.state !== "reading" : this.state === "live"
    if (isDue && this.state !== "gone") this.expected.push(String(data))
  }

  send({ data }: Frame): void {
    this.connection.send(data)
  }

  receive({ kind, offset, data, isPatch }: Message): void {
    if (this.state !== "live") this.violations.push(`${kind} while ${this.state}`)
    if (kind !== "publication") {
      this.joins++
      if (!this.kind.hearsJoins) this.violations.push("a join")
      return
    }
    if (isPatch && (!this.kind.isDelta || this.#last === undefined)) {
      this.violations.push(`a difference to nothing, at ${offset}`)
      return
    }
    const bytes = Buffer.from(data, "base64")
    const payload = isPatch ? this.#apply(bytes) : bytes
    if (payload === undefined) return
    this.#last = payload
    this.received.push(String(payload))
    if (offset > 0 && this.kind.isPositioned) this.#follow(offset, String(payload))
  }

  #apply(patch: Uint8Array): Buffer | undefined {
    try {
      return Buffer.from(applyDelta(this.#last!, patch))
    } catch (error) {
      this.violations.push(`a difference to something else: ${error}`)
      return undefined
    }
  }

  #follow(offset: number, payload: string): void {
    const isNext =
      this.kind.tag === undefined ? offset === this.#position.offset + 1 : offset > this.#position.offset
    if (!isNext) this.violations.push(`${offset} after ${this.#position.offset}`)
    if (!payload.startsWith(`${this.#position.epoch}:`)) this.violations.push(`${payload} of another epoch`)
    this.#position = { epoch: this.#position.epoch, offset }
  }

  insufficient(): void {
    this.isTold = true
    if (!this.kind.isPositioned) this.violations.push("told of a gap without a position")
    this.leave()
  }

  inappropriate(): void {
    this.violations.push("inappropriate")
  }

  leave(): void {
    if (this.state === "gone") return
    this.state = "gone"
    this.room.remove(this.subscription)
    this.left(this.room)
  }
}
