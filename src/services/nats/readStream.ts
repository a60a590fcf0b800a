/**
 * Reads what a stream has of one subject, or of a pattern.
 *
 * A consumer stands on one server, and that one may not yet have all that was acknowledged: where it ends before what is wanted, the server that leads
 * the stream says whether there is more, and then it is read by another consumer.
 */
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg
} from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import type { NatsLink } from "./NatsLink.ts"

/** Without a message for so long the reading has failed: its consumer may be gone with a server. */
const STALLED = Duration.seconds(3)

/** Between two consumers, where a server did not have all of it. */
const BEHIND_RETRY = "20 millis"

/** Messages that are asked for before they are wanted: again when so few are left. With fewer the server waits for this node. */
const AHEAD = { max_messages: 1000, threshold_messages: 500 }

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

/** Fails when nothing has come for a while. */
const stalled = Effect.fnUntraced(function* ({ stream }: Reading, progress: Progress) {
  let known = -1
  while (known !== progress.count) {
    known = progress.count
    yield* Effect.sleep(STALLED)
  }
  return yield* new BrokerUnavailable({ detail: `${stream} was not read: nothing comes any more` })
})

/** What one consumer has, up to `to`. */
const readOnce = (
  link: NatsLink["Service"],
  { stream, subject, to }: Reading,
  progress: Progress,
  each: EachMessage
): Effect.Effect<void, BrokerUnavailable> =>
  Effect.suspend(() => {
    let messages: ConsumerMessages | undefined
    /** Nobody waits for it any more. */
    let isOver = false
    const end = () => {
      isOver = true
      messages?.close().catch(() => {})
    }
    let delivered = 0
    const callback = (message: JsMsg): void => {
      if (isOver) return
      const { streamSequence, deliverySequence, pending } = message.info
      // One was lost on the way: another consumer begins before it.
      if (deliverySequence !== ++delivered) return end()
      progress.at = streamSequence
      progress.count++
      // Where it throws, that ends the reading.
      each(streamSequence, message.subject, message.data)
      if (streamSequence >= to() || pending === 0) end()
    }
    const reading = link.ask(`${stream} was not read`, async () => {
      const made = await link.manager.consumers.add(stream, consumerFrom(progress.at + 1, subject))
      const consumer = link.jetstream.consumers.getConsumerFromInfo(made)
      try {
        if (made.num_pending === 0 || isOver) return
        messages = await consumer.consume({ ...AHEAD, callback })
        if (isOver) end()
        const error = await messages.closed()
        if (error !== undefined) throw error
      } finally {
        // What is left of it ends by itself, too.
        consumer.delete().catch(() => {})
      }
    })
    return Effect.ensuring(reading, Effect.sync(end))
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
