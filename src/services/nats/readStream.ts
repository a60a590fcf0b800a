/** Reads what a stream has of one subject, or of a pattern, to its end. */
import { type Consumer, type ConsumerMessages, DeliverPolicy, type JsMsg } from "@nats-io/jetstream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import type { NatsLink } from "./NatsLink.ts"

/** Without a message for so long the reading has failed: its consumer may be gone with a server. */
const STALLED = Duration.seconds(3)

/** That are asked for before they are wanted: with fewer the server waits for this node, with more it is not faster. */
const MESSAGES_AHEAD = 500

export interface Reading {
  readonly stream: string
  /** One subject, or a pattern. */
  readonly subject: string
  /** The first sequence; absent: from the beginning. */
  readonly from?: number
}

/**
 * In the order of the stream, up to what was last at some moment after the beginning. Where it fails, `each` may have had some of it.
 * Of what is written all the time nothing is ever seen to be the last: `each` has to know what is enough.
 * @param each synchronous; true: it has enough
 */
export const readStream = (
  link: NatsLink["Service"],
  { stream, subject, from }: Reading,
  each: (message: JsMsg) => unknown
): Effect.Effect<void, BrokerUnavailable> =>
  Effect.suspend(() => {
    let messages: ConsumerMessages | undefined
    let count = 0
    /** Nobody waits for it any more. */
    let isOver = false
    const readAll = async (consumer: Consumer): Promise<void> => {
      const { num_pending } = await consumer.info()
      if (num_pending === 0 || isOver) return
      messages = await consumer.consume({ max_messages: MESSAGES_AHEAD })
      if (isOver) return
      for await (const message of messages) {
        if (isOver) return
        count++
        if (each(message) === true || message.info.pending === 0) return
      }
    }
    const reading = link.ask(`${stream} was not read`, async () => {
      const consumer = await link.jetstream.consumers.get(stream, {
        filter_subjects: subject,
        ...(from === undefined ? { deliver_policy: DeliverPolicy.All } : { opt_start_seq: from })
      })
      try {
        await readAll(consumer)
      } finally {
        messages?.close().catch(() => {})
        // What is left of it ends by itself, too.
        consumer.delete().catch(() => {})
      }
    })
    /** Fails when nothing has come for a while. */
    const stalled = Effect.gen(function* () {
      let known = -1
      while (known !== count) {
        known = count
        yield* Effect.sleep(STALLED)
      }
      return yield* new BrokerUnavailable({ detail: `${stream} was not read: nothing comes any more` })
    })
    return Effect.raceFirst(reading, stalled).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          isOver = true
          messages?.close().catch(() => {})
        })
      )
    )
  })
