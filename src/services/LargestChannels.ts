/** The channels with the most subscribers, over all processes. Nothing is kept for it: it is counted when somebody asks. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isOwnChannel } from "./channels/ownChannels.ts"
import { Hub } from "./Hub.ts"
import { makePace } from "./Pace.ts"

/** A channel and its subscribers. */
export type ChannelCount = readonly [channel: string, subscribers: number]

/** Channels that are looked at in one turn of the event loop: 0.3 ms. */
const TURN = 1000

const compare = ([a, one]: ChannelCount, [b, two]: ChannelCount): number => two - one || (a < b ? -1 : 1)

/** Those with the most of all that were added; of equals, the first by name. */
export class Largest {
  #kept: Array<ChannelCount> = []
  /** Fewer than this are not among the largest. */
  #least = 1

  constructor(readonly limit: number) {}

  add(channel: string, subscribers: number): void {
    if (subscribers < this.#least) return
    this.#kept.push([channel, subscribers])
    if (this.#kept.length >= 2 * this.limit) this.#cut()
  }

  /** The largest first. */
  all(): ReadonlyArray<ChannelCount> {
    this.#cut()
    return this.#kept
  }

  #cut(): void {
    this.#kept = this.#kept.sort(compare).slice(0, this.limit)
    if (this.#kept.length === this.limit) this.#least = this.#kept.at(-1)![1]
  }
}

/** Subscribers of one channel in this process. */
export const subscribersOf = ({ listened }: Hub["Service"], channel: string): number =>
  (listened.get(channel) ?? []).reduce((sum, member) => sum + (member.subscribers?.(channel) ?? 0), 0)

/** The largest of this process, in at most 1 % of its time. */
export const makeLargestHere = Effect.gen(function* () {
  const hub = yield* Hub
  const pace = yield* makePace
  return Effect.fnUntraced(function* (limit: number) {
    const largest = new Largest(limit)
    const channels = hub.listened.keys()
    /** Looks at some more; false at the end. Channels that come and go meanwhile may be missed. */
    const look = (): boolean => {
      for (let looked = 0; looked < TURN; looked++) {
        const { done, value: channel } = channels.next()
        if (done) return false
        if (!isOwnChannel(channel)) largest.add(channel, subscribersOf(hub, channel))
      }
      return true
    }
    while (yield* pace.run(look)) {}
    return largest.all()
  })
})

/** Channels that have subscribers, but for the server's own. */
export const countChannels = ({ listened }: Hub["Service"], own: Iterable<string>): number => {
  let count = listened.size
  for (const channel of own) if (listened.has(channel)) count--
  return count
}

/** Subscribers of each channel over all of them. */
export const sumCounts = (all: ReadonlyArray<ReadonlyArray<ChannelCount>>): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>()
  for (const counts of all)
    for (const [channel, count] of counts) sums.set(channel, (sums.get(channel) ?? 0) + count)
  return sums
}

const largestOf = (counts: ReadonlyMap<string, number>, limit: number): ReadonlyArray<ChannelCount> => {
  const largest = new Largest(limit)
  for (const [channel, count] of counts) largest.add(channel, count)
  return largest.all()
}

/** What many have: workers, or nodes. */
interface Asking {
  /** The largest channels of each, at most so many. */
  readonly largest: (limit: number) => Effect.Effect<ReadonlyArray<ReadonlyArray<ChannelCount>>>
  /** The subscribers that each has of these. */
  readonly sizes: (
    channels: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<ChannelCount>>>
}

/** First each names its largest channels, then all tell their subscribers of the largest of these. */
export const overMany = ({ largest, sizes }: Asking): LargestChannels["Service"] => ({
  find: Effect.fnUntraced(function* (limit) {
    const channels = largestOf(sumCounts(yield* largest(2 * limit)), limit).map(([channel]) => channel)
    return largestOf(sumCounts(yield* sizes(channels)), limit)
  }),
  sizes: (channels) => Effect.map(sizes(channels), (all) => [...sumCounts(all)])
})

export class LargestChannels extends Context.Service<
  LargestChannels,
  {
    /**
     * At most so many, the largest first. Over several processes, a channel that is among the largest of none of them is not among these; the
     * numbers are those of all processes.
     */
    readonly find: (limit: number) => Effect.Effect<ReadonlyArray<ChannelCount>>
    /** The subscribers of these channels; those without any may be left out. */
    readonly sizes: (channels: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<ChannelCount>>
  }
>()("clarion/services/LargestChannels") {
  /** Where one process serves. */
  static readonly layerHere = Layer.effect(
    this,
    Effect.gen(function* () {
      const hub = yield* Hub
      const find = yield* makeLargestHere
      return {
        find,
        sizes: (channels) =>
          Effect.sync(() => channels.map((channel) => [channel, subscribersOf(hub, channel)] as const))
      }
    })
  )
}
