/** A broker, presence and control that keep what they are asked, and answer what a test says. */
import * as Effect from "effect/Effect"
import type { ClientInfo } from "../../../src/protocol/centrifuge/messages.ts"
import {
  type Broker,
  BrokerUnavailable,
  type History,
  type HistoryFilter,
  type Published,
  type PublishOptions,
  type StreamOptions
} from "../../../src/services/broker/Broker.ts"
import type { Control, ControlCommand, NodeInfo } from "../../../src/services/Control.ts"
import type { Presence } from "../../../src/services/Presence.ts"

export interface Publication {
  readonly channel: string
  readonly data: string
  readonly options: PublishOptions
}

export interface Read {
  readonly channel: string
  readonly filter: HistoryFilter
  readonly stream: StreamOptions
}

/** Channels in which the broker fails in its own way. */
export const UNAVAILABLE = "unavailable"
export const DEFECTIVE = "defective"

const unless = <A>(channel: string, effect: Effect.Effect<A>): Effect.Effect<A, BrokerUnavailable> =>
  channel === UNAVAILABLE
    ? Effect.fail(new BrokerUnavailable({ detail: "a test" }))
    : channel === DEFECTIVE
      ? Effect.die(new Error("a bug"))
      : effect

export class FakeBroker {
  readonly publications: Array<Publication> = []
  readonly reads: Array<Read> = []
  readonly removed: Array<string> = []
  /** What becomes of each publication: by default it gets the next number of a stream, where the channel has one. */
  published: (channel: string, options: PublishOptions) => Effect.Effect<Published> = (_, { stream }) =>
    Effect.succeed({
      offset: stream === undefined ? 0 : this.publications.length,
      epoch: stream === undefined ? "" : "epoch",
      isSuppressed: false
    })
  found: History = { publications: [], offset: 0, epoch: "epoch" }

  readonly service = {
    publish: (channel, data, options) =>
      unless(
        channel,
        Effect.suspend(() => {
          this.publications.push({ channel, data: Buffer.from(data).toString("latin1"), options })
          return this.published(channel, options)
        })
      ),
    history: (channel, filter, stream) =>
      unless(
        channel,
        Effect.sync(() => {
          this.reads.push({ channel, filter, stream })
          return this.found
        })
      ),
    removeHistory: (channel) =>
      unless(
        channel,
        Effect.sync(() => void this.removed.push(channel))
      )
  } as Broker["Service"]

  /** Channel and data of each publication, as text. */
  get texts(): ReadonlyArray<readonly [channel: string, data: string]> {
    return this.publications.map(({ channel, data }) => [channel, Buffer.from(data, "latin1").toString()])
  }
}

export class FakePresence {
  readonly asked: Array<string> = []
  clients: ReadonlyMap<string, ClientInfo> = new Map()

  readonly service = {
    get: (channel) =>
      unless(
        channel,
        Effect.sync(() => {
          this.asked.push(channel)
          return this.clients
        })
      ),
    stats: (channel) => unless(channel, Effect.succeed({ numClients: this.clients.size, numUsers: 1 }))
  } as Presence["Service"]
}

export class FakeControl {
  readonly commands: Array<ControlCommand> = []
  nodes: ReadonlyArray<NodeInfo> = []
  channels: ReadonlyMap<string, number> = new Map()

  readonly service: Control["Service"] = {
    apply: (command) => Effect.sync(() => void this.commands.push(command)),
    nodes: Effect.sync(() => this.nodes),
    channels: Effect.sync(() => this.channels),
    emulate: () => Effect.succeed(false)
  }
}
