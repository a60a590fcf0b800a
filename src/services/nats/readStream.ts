/**
 * Reads what a stream has of one subject, or of a pattern.
 *
 * A consumer stands on one server, and that one may not yet have all that was acknowledged: where it ends before what is wanted, the server that leads
 * the stream says whether there is more, and then it is read by another consumer.
 */
import { AckPolicy, type ConsumerConfig, type ConsumerInfo, DeliverPolicy } from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import type { NatsLink } from "./NatsLink.ts"
import { type Delivered, type Pulling, pull } from "./pull.ts"

/**
 * Where no consumer is made in this time, another one is asked for, until there is one of them: NATS wants to make consumers at a server that was killed
 * for minutes after that, and says nothing (nats-server 2.9.10: of three servers, a third of the consumers).
 */
const ASKED_AGAIN = "300 millis"
const MOST_ASKED = 10
/** A consumer that sends nothing for so long may be gone with its server: another one takes its place. */
const SILENT = Duration.seconds(3)
/** Without a message for so long the reading has failed, whoever was to send it. */
const STALLED = Duration.seconds(6)

/** Between two consumers, where a server did not have all of it. */
const BEHIND_RETRY = "20 millis"

/** The server forgets a consumer that nobody has read from for so long. */
const UNUSED_MS = 30_000

export interface Reading {
  readonly stream: string
  /** One subject, or a pattern. */
  readonly subject: string
  /** The first sequence; absent: from the beginning. */
  readonly from?: number
  /** The last sequence that is wanted, which stood there when it was said. It may grow while it is read. */
  readonly to: () => number
}

/** Takes a message. Synchronous. */
export type EachMessage = (seq: number, subject: string, data: Uint8Array) => void

interface Progress {
  /** What comes next is behind this sequence. */
  at: number
  /** Messages so far. */
  count: number
}

/** In the order of the stream, up to `to`: all that stands there still. Where it fails, `each` may have had some of it. */
export const readStream = (
  link: NatsLink["Service"],
  reading: Reading,
  each: EachMessage
): Effect.Effect<void, BrokerUnavailable> =>
  Effect.suspend(() => {
    const progress: Progress = { at: (reading.from ?? 1) - 1, count: 0 }
    return Effect.raceFirst(readAll(link, reading, progress, each), stalled(reading, progress))
  })

const readAll = Effect.fnUntraced(function* (
  link: NatsLink["Service"],
  reading: Reading,
  progress: Progress,
  each: EachMessage
): Effect.fn.Return<void, BrokerUnavailable> {
  const { stream, subject, to } = reading
  for (;;) {
    yield* readOnce(link, reading, progress, each)
    if (progress.at >= to()) return
    const last = yield* link.ask(`${stream} was not read`, () =>
      link.manager.streams.getMessage(stream, { last_by_subj: subject })
    )
    if (last === null || last.seq <= progress.at) return
    yield* Effect.sleep(BEHIND_RETRY)
  }
})

/** Completes when nothing has come for so long; twice as long after the last message, at most. */
const quiet = Effect.fnUntraced(function* (progress: Progress, time: Duration.Duration) {
  let known = -1
  while (known !== progress.count) {
    known = progress.count
    yield* Effect.sleep(time)
  }
})

const stalled = ({ stream }: Reading, progress: Progress): Effect.Effect<never, BrokerUnavailable> =>
  Effect.andThen(
    quiet(progress, STALLED),
    Effect.fail(new BrokerUnavailable({ detail: `${stream} was not read: nothing comes any more` }))
  )

/** The first that succeeds, and the first failure. */
const repeated = <A, E>(ask: Effect.Effect<A, E>, times = MOST_ASKED): Effect.Effect<A, E> =>
  times === 1
    ? ask
    : Effect.raceFirst(
        ask,
        Effect.delay(
          Effect.suspend(() => repeated(ask, times - 1)),
          ASKED_AGAIN
        )
      )

/** What one consumer has, up to `to`; less where it does not send it. */
const readOnce = (
  link: NatsLink["Service"],
  { stream, subject, to }: Reading,
  progress: Progress,
  each: EachMessage
): Effect.Effect<void, BrokerUnavailable> =>
  Effect.suspend(() => {
    const { consumers } = link.manager
    const made: Array<string> = []
    let pulling: Pulling | undefined
    /** Nobody waits for it any more. */
    let isOver = false
    // One that cannot be deleted now ends by itself.
    const drop = (name: string) => void consumers.delete(stream, name).catch(() => {})
    const end = () => {
      isOver = true
      pulling?.close()
      for (const name of made.splice(0)) drop(name)
    }
    const what = `${stream} was not read`
    const make = link.ask(what, async () => {
      const consumer = await consumers.add(stream, consumerFrom(progress.at + 1, subject))
      if (isOver) drop(consumer.name)
      else made.push(consumer.name)
      return consumer
    })
    let delivered = 0
    const take = ({ seq, at, pending, subject, data }: Delivered): void => {
      // One was lost on the way: another consumer begins before it.
      if (at !== ++delivered) return end()
      progress.at = seq
      progress.count++
      // Where it throws, that ends the reading.
      each(seq, subject, data)
      if (seq >= to() || pending === 0) end()
    }
    const sent = (consumer: ConsumerInfo) =>
      link.ask(what, async () => {
        pulling = pull(link, consumer, take)
        await pulling.ended
      })
    return repeated(make).pipe(
      Effect.flatMap((consumer) =>
        consumer.num_pending === 0 ? Effect.void : Effect.raceFirst(sent(consumer), quiet(progress, SILENT))
      ),
      Effect.ensuring(Effect.sync(end))
    )
  })

/** On one server, in its memory. */
const consumerFrom = (from: number, subject: string): Partial<ConsumerConfig> => ({
  filter_subject: subject,
  deliver_policy: DeliverPolicy.StartSequence,
  opt_start_seq: from,
  ack_policy: AckPolicy.None,
  num_replicas: 1,
  mem_storage: true,
  inactive_threshold: nanos(UNUSED_MS)
})
