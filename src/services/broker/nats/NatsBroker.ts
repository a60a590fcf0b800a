/**
 * The broker over NATS with JetStream, which joins nodes. Histories are logs at NATS (LogState.ts); what is stored there, and what is not kept, goes to
 * every node that hears the channel.
 *
 * What it adds to the guarantees of `Broker`:
 * - A publication with history is accepted when NATS has stored it on as many servers as `broker.nats.replicas` says.
 * - A publication without history or key is accepted when the server that this node is connected to has it: nodes hear it at most once.
 * - What was missed on the way is read from the log, and comes before what is published later.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Schedule from "effect/Schedule"
import { BROADCAST_CHANNEL, type ChannelEvent } from "../../hot/ChannelEvent.ts"
import { forkLongLived } from "../../longLived.ts"
import { ensureStreams, REMOVED_WITHIN } from "../../nats/ensureStreams.ts"
import { NatsLink } from "../../nats/NatsLink.ts"
import { makeNow } from "../../now.ts"
import {
  Broker,
  type BrokerUnavailable,
  PublicationTooLarge,
  type Published,
  type PublishFailure
} from "../Broker.ts"
import { wantedStreams } from "./historyStreams.ts"
import { Looks } from "./Looks.ts"
import { NatsChannels } from "./NatsChannels.ts"
import type { NatsBrokerOptions } from "./natsBrokerOptions.ts"
import { sizeOf } from "./records.ts"

const START_TIMEOUT = Duration.seconds(10)
const START_RETRY = "250 millis"
/** Repairs that are tried, one after the other: this long apart at least. */
const REPAIR_INTERVAL = "1 second"

const NO_DATA = new Uint8Array(0)

/**
 * @param deliver takes each event to the subscribers of this node, in this order
 */
export const makeNats = Effect.fnUntraced(function* (
  deliver: (event: ChannelEvent) => void,
  options: NatsBrokerOptions
) {
  const link = yield* NatsLink
  const now = yield* makeNow
  const run = yield* FiberSet.makeRuntime<never>()
  const { histories } = options.namespaces
  const start = <A>(starting: Effect.Effect<A, BrokerUnavailable>) =>
    starting.pipe(
      Effect.retry({
        schedule: Schedule.spaced(START_RETRY),
        while: ({ isLasting }) => isLasting !== true
      }),
      Effect.timeoutOrElse({ duration: options.startTimeout ?? START_TIMEOUT, orElse: () => starting })
    )
  const asConfigured = ensureStreams(link, wantedStreams(link, histories, options))
  const replicas = Math.max(options.replicas, yield* start(asConfigured))
  // To logs that several servers keep all nodes write in the way that this needs, whatever is configured.
  const keeping = { ...options, replicas }
  const ensure =
    replicas === options.replicas
      ? asConfigured
      : ensureStreams(link, wantedStreams(link, histories, keeping))
  let isRepairing = false
  let isMaking = false
  const fork = (effect: Effect.Effect<void>) => run(effect)
  const make = Effect.sleep(REMOVED_WITHIN).pipe(
    Effect.andThen(Effect.ignore(ensure)),
    Effect.andThen(
      Effect.sync(() => {
        isMaking = false
        channels.logs.repaired()
        channels.tops.clear()
      })
    )
  )
  /** What NATS has lost, or cannot say now, is made anew; what was known of it does not hold any more. Whether that is still to come. */
  const repair = (): boolean => {
    if (isRepairing) return isMaking
    isRepairing = isMaking = true
    fork(
      make.pipe(
        Effect.andThen(Effect.sleep(REPAIR_INTERVAL)),
        Effect.ensuring(
          Effect.sync(() => {
            isRepairing = false
          })
        )
      )
    )
    return true
  }
  const channels = new NatsChannels(link, keeping, deliver, now, fork, repair)
  yield* Effect.addFinalizer(() => Effect.sync(() => channels.close()))
  yield* channels.turns.listen
  yield* link.onChange((isUp) => {
    if (!isUp) return channels.forgetAsked()
    channels.tops.clear()
    fork(
      Effect.andThen(
        Effect.ignore(ensure),
        Effect.sync(() => channels.ears.syncAll())
      )
    )
  })
  yield* start(Effect.andThen(ensure, channels.ears.subscribe(BROADCAST_CHANNEL)))
  const { ears } = channels
  const looks = new Looks(
    () => ears.all(),
    (ear) => ears.look(ear),
    options.nodes ?? (() => 1),
    now
  )
  yield* forkLongLived("look at channels", looks.run)
  const broker = Broker.of({
    publish: (channel, data, how) =>
      Effect.suspend((): Effect.Effect<Published, PublishFailure> => {
        const size = sizeOf(data, how)
        if (size > channels.maxBytes)
          return Effect.fail(
            new PublicationTooLarge({
              detail: `NATS takes ${channels.maxBytes} bytes in a message, this one has ${size}`
            })
          )
        const publishing =
          how.stream === undefined
            ? channels.pass("publication", channel, data, how)
            : channels.publish(channel, data, how.stream, how)
        return Effect.map(publishing, channels.count)
      }),
    announce: (kind, channel, info) => Effect.asVoid(channels.pass(kind, channel, NO_DATA, { info })),
    subscribe: (channel) => channels.ears.subscribe(channel),
    // Raw connections hear it without asking.
    unsubscribe: (channel) =>
      Effect.sync(() => {
        if (channel !== BROADCAST_CHANNEL) channels.ears.unsubscribe(channel)
      }),
    history: (channel, filter, stream) => channels.histories.read(channel, filter, stream),
    removeHistory: (channel) =>
      Effect.suspend(() =>
        channels.logs.namespaceOf(channel) === undefined ? Effect.void : channels.clear(channel)
      )
  })
  return { broker, figures: channels }
})
