/**
 * Reads what a stream has of one subject, or of a pattern.
 *
 * A consumer stands on one server, and that one may not yet have all that was acknowledged: where it ends before what is wanted, the server that leads
 * the stream says whether there is more, and then it is read by another consumer.
 */
import { type Consumer, type ConsumerMessages, DeliverPolicy, type JsMsg } from "@nats-io/jetstream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import type { NatsLink } from "./NatsLink.ts"

/** Without a message for so long the reading has failed: its consumer may be gone with a server. */
const STALLED = Duration.seconds(3)

/** Between two consumers, where a server did not have all of it. */
const BEHIND_RETRY = "20 millis"

/** That are asked for before they are wanted: with fewer the server waits for this node, with more it is not faster. */
const MESSAGES_AHEAD = 500

export interface Reading {
  readonly stream: string
  /** One subject, or a pattern. */
  readonly subject: string
  /** The first sequence; absent: from the beginning. */
  readonly from?: number
  /** The last sequence that is wanted, which stood there when it was said. It may grow while it is read. */
  readonly to: () => number
}

interface Progress {
  /** What comes next is behind this sequence. */
  at: number
  /** Messages so far. */
  count: number
}

/**
 * In the order of the stream, up to `to`: all that stands there still. Where it fails, `each` may have had some of it.
 * @param each synchronous
 */
export const readStream = (
  link: NatsLink["Service"],
  reading: Reading,
  each: (message: JsMsg) => void
): Effect.Effect<void, BrokerUnavailable> =>
  Effect.suspend(() => {
    const progress: Progress = { at: (reading.from ?? 1) - 1, count: 0 }
    return Effect.raceFirst(readAll(link, reading, progress, each), stalled(reading, progress))
  })

const readAll = Effect.fnUntraced(function* (
  link: NatsLink["Service"],
  reading: Reading,
  progress: Progress,
  each: (message: JsMsg) => void
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
  each: (message: JsMsg) => void
): Effect.Effect<void, BrokerUnavailable> =>
  Effect.suspend(() => {
    let messages: ConsumerMessages | undefined
    /** Nobody waits for it any more. */
    let isOver = false
    const close = () => void messages?.close().catch(() => {})
    const readTo = async (consumer: Consumer): Promise<void> => {
      const { num_pending } = await consumer.info(true)
      if (num_pending === 0 || isOver) return
      const callback = (message: JsMsg): void => {
        if (isOver) return
        const { pending, streamSequence } = message.info
        progress.at = streamSequence
        progress.count++
        // Where it throws, that ends the reading.
        each(message)
        isOver = streamSequence >= to() || pending === 0
        if (isOver) close()
      }
      messages = await consumer.consume({ max_messages: MESSAGES_AHEAD, callback })
      if (isOver) close()
      const error = await messages.closed()
      if (error !== undefined) throw error
    }
    const reading = link.ask(`${stream} was not read`, async () => {
      const consumer = await link.jetstream.consumers.get(stream, {
        filter_subjects: subject,
        ...(progress.at === 0 ? { deliver_policy: DeliverPolicy.All } : { opt_start_seq: progress.at + 1 })
      })
      try {
        await readTo(consumer)
      } finally {
        // What is left of it ends by itself, too.
        consumer.delete().catch(() => {})
      }
    })
    return Effect.ensuring(
      reading,
      Effect.sync(() => {
        isOver = true
        close()
      })
    )
  })
