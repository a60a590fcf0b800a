/** In the primary: one life of a worker as the server API sees it, which tells it commands and asks what it holds. */
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import type { ControlCommand, NodeInfo } from "../Control.ts"
import { Question } from "../processes/Question.ts"
import type { FromWorker, ToWorker } from "./messages.ts"
import { Outbox } from "./Outbox.ts"

/** Bytes of commands for sessions that have not left the process; a single one may have more. */
export const MAX_UNSENT_BYTES = 64 * 1_048_576

/** Subscribers by channel. */
type ChannelCounts = Extract<FromWorker, { readonly _tag: "Channels" }>["counts"]

/** Something to send, and what is called when it has left the process, or cannot any more. */
interface Parcel<A> {
  readonly item: A
  readonly left: () => void
}

export class WorkerPeer {
  /** It takes connections: until then it holds nothing, and is told and asked nothing. */
  isServing = false
  readonly #node = new Question<NodeInfo | undefined>()
  readonly #channels = new Question<ChannelCounts | undefined>()
  readonly #largest = new Question<ChannelCounts | undefined>()
  readonly #sizes = new Question<ChannelCounts | undefined>()
  #unsent = 0
  readonly #commands = this.#outbox<ControlCommand>((commands) => ({ _tag: "Control", commands }))
  readonly #frames = this.#outbox<{ readonly session: string; readonly data: Uint8Array }>((frames) => ({
    _tag: "Emulated",
    frames
  }))

  /**
   * @param node its id in this life
   * @param send `left` is called when the message has left this process, or cannot any more
   */
  constructor(
    readonly name: string,
    readonly node: string,
    readonly send: (message: ToWorker, left: () => void) => void
  ) {}

  #outbox<A>(message: (items: ReadonlyArray<A>) => ToWorker): Outbox<Parcel<A>> {
    return new Outbox((parcels) =>
      this.send(message(parcels.map(({ item }) => item)), () => {
        for (const { left } of parcels) left()
      })
    )
  }

  /** Completes when the command has left this process. */
  apply(command: ControlCommand): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.#commands.add({ item: command, left: () => resume(Effect.void) })
    })
  }

  /** The same for commands of a session's client. */
  emulate(session: string, data: Uint8Array): Effect.Effect<true, BrokerUnavailable> {
    return Effect.callback((resume) => {
      if (this.#unsent > 0 && this.#unsent + data.length > MAX_UNSENT_BYTES)
        return resume(Effect.fail(new BrokerUnavailable({ detail: `${this.name} does not read` })))
      this.#unsent += data.length
      const left = () => {
        this.#unsent -= data.length
        resume(Effect.succeed(true))
      }
      this.#frames.add({ item: { session, data }, left })
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
    this.#node.settle(undefined)
    this.#channels.settle(undefined)
    this.#largest.settle(undefined)
    this.#sizes.settle(undefined)
  }

  #pose(_tag: "TellNode" | "TellChannels"): void {
    this.send({ _tag }, () => {})
  }
}
