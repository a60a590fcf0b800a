/**
 * The feeds of the dashboard: each publishes into its channel while somebody listens there, through the broker as anybody else, so that
 * deltas, the newest state for who comes later, and recovery are those of all channels.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { dashboardChannels, type SlowState } from "../../protocol/dashboard.ts"
import { ActorTree } from "../ActorTree.ts"
import { Broker, type PublishOptions } from "../broker/Broker.ts"
import { OWN_OPTIONS } from "../channels/ownChannels.ts"
import { streamOptions } from "../channels/streams.ts"
import { Hub } from "../Hub.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { makePace } from "../Pace.ts"
import { Receipts } from "../receipts/Receipts.ts"
import { SlowConsumers } from "../SlowConsumers.ts"
import { ScheduleStore } from "../schedules/ScheduleStore.ts"
import { makeChannelsSource } from "./channelsSource.ts"
import { Feed, type FeedSource, type PublishState } from "./Feed.ts"
import { firstActors } from "./firstActors.ts"
import { Cluster, Overviews } from "./Overviews.ts"
import { receiptsSource } from "./receiptsSource.ts"
import { schedulesSource } from "./schedulesSource.ts"

const OVERVIEW_MS = 1000
const ACTORS_MS = 2000
const SLOW_MS = 1000
/** What other processes told so long ago is good enough: one round of questions is for all feeds of a second. */
const MAX_AGE_MS = 750

/** The newest state alone is kept, for those who come while it is current. */
const AS_STATE: PublishOptions = { stream: streamOptions(OWN_OPTIONS), isDelta: OWN_OPTIONS.deltaPublish }

const overviewSource = Effect.gen(function* () {
  const metrics = yield* Metrics
  const overviews = yield* Overviews
  const source: FeedSource = {
    channel: dashboardChannels.overview,
    everyMs: OVERVIEW_MS,
    ask: metrics.refresh(MAX_AGE_MS),
    read: Effect.map(overviews.now, (overview) => () => {
      const text = JSON.stringify(overview)
      overviews.keep(text)
      return text
    })
  }
  return source
})

const actorsSource = Effect.gen(function* () {
  const { refresh } = yield* Metrics
  const tree = yield* ActorTree
  const now = yield* makeNow
  const source: FeedSource = {
    channel: dashboardChannels.actors,
    everyMs: ACTORS_MS,
    ask: refresh(MAX_AGE_MS),
    read: Effect.succeed(() => JSON.stringify({ at: Math.round(now()), ...firstActors(tree.known()) }))
  }
  return source
})

const slowSource = Effect.gen(function* () {
  const { refresh } = yield* Metrics
  const slow = yield* SlowConsumers
  const now = yield* makeNow
  const source: FeedSource = {
    channel: dashboardChannels.slow,
    everyMs: SLOW_MS,
    ask: refresh(MAX_AGE_MS),
    read: Effect.succeed(() => {
      const state: SlowState = { at: Math.round(now()), total: slow.times, shown: slow.recent }
      return JSON.stringify(state)
    }),
    version: () => slow.times
  }
  return source
})

/** Runs feeds until the scope closes. All of them share one pace. */
export const runFeeds = Effect.fnUntraced(function* (sources: ReadonlyArray<FeedSource>) {
  const hub = yield* Hub
  const broker = yield* Broker
  const pace = yield* makePace
  const publish: PublishState = (channel, state) =>
    Effect.asVoid(broker.publish(channel, Buffer.from(state), AS_STATE))
  const cluster = yield* Cluster
  const others = () => (cluster()?.nodes ?? 1) - 1
  const feeds = new Map(sources.map((source) => [source.channel, new Feed(source, publish, pace, others)]))
  hub.onInterest((channel, isWanted) => feeds.get(channel)?.wanted(isWanted))
  for (const [channel, feed] of feeds) yield* forkLongLived(channel, feed.run)
})

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const now = yield* makeNow
    yield* runFeeds([
      yield* overviewSource,
      yield* actorsSource,
      yield* makeChannelsSource,
      yield* slowSource,
      schedulesSource(yield* ScheduleStore, now),
      receiptsSource(yield* Receipts, now)
    ])
  })
)
