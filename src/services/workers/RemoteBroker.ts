/**
 * The broker of a worker: it is in the primary, and is asked there.
 *
 * What the primary publishes comes to the hub of this process by another way (`publishHere`), and neither way waits for
 * the other. So the answer to `history` may come before publications that it covers, and after publications that it
 * does not know of. Nothing is missed all the same:
 * - A room stands in the hub of this process before the channel is subscribed to, and a subscriber asks for the history
 *   when the primary has agreed to that. So the primary listens for this worker before it reads: whatever gets a higher
 *   offset than the answer's is sent to this worker, or, where there is no room for it on the way, leaves a gap that is
 *   seen. That holds for all who share one reading: it is one that had not left the worker when the last of them asked.
 * - A subscriber holds back what comes from before it asks until it has the answer. What came before the answer and has
 *   a higher offset is held, and sent after it; what comes later goes the usual way.
 * - What comes and has no higher offset, early or late, is skipped: the answer has it.
 * - A channel that is left and subscribed to again has a new room. What was on its way for the old one has a lower
 *   offset than what the history then tells, which is read after the second subscription.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Broker, PublicationTooLarge } from "../broker/Broker.ts"
import type { PrimaryAsker } from "./PrimaryAsker.ts"

export const remoteBroker = (asker: PrimaryAsker): Broker["Service"] => ({
  publish: (channel, data, { delivery: _, ...options }) =>
    Effect.flatMap(asker.ask({ _tag: "Publish", channel, data, options }), (answer) => {
      if (answer._tag === "TooLarge") return Effect.fail(new PublicationTooLarge({ detail: answer.detail }))
      const { offset, epoch, isSuppressed } = answer
      return Effect.succeed({ offset, epoch, isSuppressed })
    }),
  announce: (kind, channel, info) => Effect.asVoid(asker.ask({ _tag: "Announce", kind, channel, info })),
  subscribe: (channel) => Effect.asVoid(asker.ask({ _tag: "Subscribe", channel })),
  unsubscribe: (channel) => Effect.sync(() => asker.unsubscribe(channel)),
  history: (channel, filter, stream) =>
    Effect.map(
      // Many clients that come back at once ask for the same.
      asker.askTogether({ _tag: "History", channel, filter, stream }),
      ({ offset, epoch, publications }) => ({ offset, epoch, publications })
    ),
  removeHistory: (channel) => Effect.asVoid(asker.ask({ _tag: "RemoveHistory", channel }))
})

export const layer = (asker: PrimaryAsker) => Layer.succeed(Broker, remoteBroker(asker))
