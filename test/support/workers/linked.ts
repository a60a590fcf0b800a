/**
 * Workers and their primary in one process: what each has of the link between them, and a link in memory that does to a message what the channel
 * between processes does, and delivers it in a later turn of the event loop.
 */
import { deserialize, serialize } from "node:v8"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { Worker } from "../../../src/actors/Worker.ts"
import type { Broker } from "../../../src/services/broker/Broker.ts"
import { Hub } from "../../../src/services/Hub.ts"
import type { ChannelEvent } from "../../../src/services/hot/ChannelEvent.ts"
import type { Presence } from "../../../src/services/Presence.ts"
import { AnswerDesk, type DeskEnv } from "../../../src/services/workers/AnswerDesk.ts"
import { publishHere } from "../../../src/services/workers/inbound.ts"
import { FromWorker, ToWorker } from "../../../src/services/workers/messages.ts"
import { makePrimaryAsker } from "../../../src/services/workers/PrimaryAsker.ts"

/** What is lost on the way between workers and primary. */
export interface Losses {
  questions: boolean
  answers: boolean
  /** Called when something was lost. */
  readonly onLost: () => void
}

const NO_LOSSES: Losses = { questions: false, answers: false, onLost: () => {} }

/** One way: messages arrive in order, as what the schema makes of their copies. */
const way = <A>(
  schema: Schema.Codec<A, unknown>,
  arrived: (message: A) => void,
  isLost: (message: A) => boolean,
  { onLost }: Losses
) => {
  const decode = Schema.decodeUnknownExit(schema)
  return (message: A, left?: () => void) => {
    if (isLost(message)) return onLost()
    const sent = serialize(message)
    setImmediate(() => {
      left?.()
      const decoded = decode(deserialize(sent))
      if (Exit.isFailure(decoded)) throw new Error(String(decoded.cause))
      arrived(decoded.value)
    })
  }
}

/** What a desk has beside the broker and presence of its primary. */
export const makeDeskEnv = Effect.fnUntraced(function* (
  broker: Broker["Service"],
  presence: Presence["Service"]
) {
  const env: DeskEnv = {
    hub: yield* Hub,
    broker,
    presence,
    ready: () => Effect.void,
    emulate: () => Effect.succeed(false),
    fork: Effect.runForkWith(yield* Effect.context<never>())
  }
  return env
})

/** @param deliver gets what comes to the worker's hub */
export const linkWorker = Effect.fnUntraced(function* (
  name: string,
  env: DeskEnv,
  deliver: (event: ChannelEvent) => void,
  losses: Losses = NO_LOSSES
) {
  const toWorker = way(
    ToWorker,
    (message) => {
      if (message._tag === "Answered") asker.answered(message.answers)
      if (message._tag === "Publish") publish(message.publications)
    },
    ({ _tag }) => losses.answers && _tag === "Answered",
    losses
  )
  const toPrimary = way(
    FromWorker,
    (message) => {
      if (message._tag === "Ask") desk.asked(message.questions)
      if (message._tag === "Delivered") worker.noteDelivered(message.deliveries)
    },
    ({ _tag }) => losses.questions && _tag === "Ask",
    losses
  )
  const worker = new Worker(name, 100_000, toWorker)
  const desk = new AnswerDesk(worker, name, env, toWorker)
  const asker = yield* makePrimaryAsker(toPrimary)
  const ownHub = Hub.of({
    ...env.hub,
    publish: (publication) => {
      publication.delivery.expect(1)
      deliver(publication as ChannelEvent)
      publication.delivery.add(0, 0, 0, Number.NaN, Number.NaN)
    }
  })
  const publish = publishHere(ownHub, toPrimary)
  yield* Effect.addFinalizer(() => desk.close)
  return { asker, desk, worker }
})
