/** In the primary: one life of a worker as the server API sees it, which tells it commands and asks what it holds. */
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import type { ControlCommand, NodeInfo } from "../Control.ts"
import { Question } from "../processes/Question.ts"
import type { FromWorker, ToWorker } from "./messages.ts"
import { Outbox } from "./Outbox.ts"

/** Bytes of commands for sessions that the worker has not taken; a single one may have more. */
export const MAX_UNTAKEN_BYTES = 64 * 1_048_576

/** Subscribers by channel. */
type ChannelCounts = Extract<FromWorker, { readonly _tag: "Channels" }>["counts"]

/** Something to send, and what is called when that is done, or cannot be any more. */
interface Parcel<A> {
  readonly item: A
  readonly done: () => void
}

interface Frame {
  readonly session: string
  readonly data: Uint8Array
}

const finish = (parcels: ReadonlyArray<Parcel<unknown>>): void => {
  for (const { done } of parcels) done()
}

export class WorkerPeer {
  /** It takes connections: until then it holds nothing, and is told and asked nothing. */
  isServing = false
  readonly #node = new Question<NodeInfo | undefined>()
  readonly #channels = new Question<ChannelCounts | undefined>()
  readonly #largest = new Question<ChannelCounts | undefined>()
  readonly #sizes = new Question<ChannelCounts | undefined>()
  #isGone = false
  readonly #commands = new Outbox<Parcel<ControlCommand>>((parcels) =>
    this.send({ _tag: "Control", commands: parcels.map(({ item }) => item) }, () => finish(parcels))
  )
  readonly #frames = new Outbox<Parcel<Frame>>((parcels) => {
    if (this.#isGone) return finish(parcels)
    this.#untaken.push(parcels)
    this.send({ _tag: "Emulated", frames: parcels.map(({ item }) => item) }, () => {})
  })
  /** Frames that were sent together, oldest first, until the worker has them. */
  readonly #untaken: Array<ReadonlyArray<Parcel<Frame>>> = []
  #untakenBytes = 0

  /**
   * @param node its id in this life
   * @param send `left` is called when the message has left this process, or cannot any more
   */
  constructor(
    readonly name: string,
    readonly node: string,
    readonly send: (message: ToWorker, left: () => void) => void
  ) {}

  /** Completes when the command has left this process. */
  apply(command: ControlCommand): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.#commands.add({ item: command, done: () => resume(Effect.void) })
    })
  }

  /**
   * Hands commands of its client to a session. Completes when the worker has them: a request that comes to that worker itself, and is sent when this one
   * was answered, is behind it. Where the worker is gone, so is the session.
   */
  emulate(session: string, data: Uint8Array): Effect.Effect<true, BrokerUnavailable> {
    return Effect.callback((resume) => {
      if (this.#untakenBytes > 0 && this.#untakenBytes + data.length > MAX_UNTAKEN_BYTES)
        return resume(Effect.fail(new BrokerUnavailable({ detail: `${this.name} does not read` })))
      this.#untakenBytes += data.length
      const done = () => {
        this.#untakenBytes -= data.length
        resume(Effect.succeed(true))
      }
      this.#frames.add({ item: { session, data }, done })
    })
  }

  /** What it says of itself; undefined where it is gone. */
  readonly tellNode: Effect.Effect<NodeInfo | undefined> = this.#node.ask(() => this.#pose("TellNode"))

  /** Subscribers of each of its channels; undefined where it is gone. */
  readonly tellChannels: Effect.Effect<ChannelCounts | undefined> = this.#channels.ask(() =>
    this.#pose("TellChannels")
  )

  /** Subscribers of each of its largest channels, at most so many; undefined where it is gone. */
  tellLargest(limit: number): Effect.Effect<ChannelCounts | undefined> {
    return this.#largest.ask(() => this.send({ _tag: "TellLargest", limit }, () => {}))
  }

  /** Its subscribers of these channels; undefined where it is gone. */
  tellSizes(channels: ReadonlyArray<string>): Effect.Effect<ChannelCounts | undefined> {
    return this.#sizes.ask(() => this.send({ _tag: "TellSizes", channels }, () => {}))
  }

  /** It has the frames that were sent first. */
  noteTaken(): void {
    finish(this.#untaken.shift() ?? [])
  }

  noteNode(node: NodeInfo): void {
    this.#node.settle(node)
  }

  noteChannels(counts: ChannelCounts): void {
    this.#channels.settle(counts)
  }

  noteLargest(counts: ChannelCounts): void {
    this.#largest.settle(counts)
  }

  noteSizes(counts: ChannelCounts): void {
    this.#sizes.settle(counts)
  }

  /** It is gone: nobody has to wait for it. */
  end(): void {
    this.#isGone = true
    for (const parcels of this.#untaken.splice(0)) finish(parcels)
    this.#node.settle(undefined)
    this.#channels.settle(undefined)
    this.#largest.settle(undefined)
    this.#sizes.settle(undefined)
  }

  #pose(_tag: "TellNode" | "TellChannels"): void {
    this.send({ _tag }, () => {})
  }
}
