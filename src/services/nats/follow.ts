/**
 * Follows a bucket: all that its keys have at the beginning, and then every write, as the server tells it to all nodes at once (`republish`), so that
 * nothing is kept for a node at NATS that could go with a server. What was missed is noticed by its sequence, after a reconnection, and by
 * looking every five seconds; then it is read.
 */
import type { Republish } from "@nats-io/jetstream"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { makeFailureLog } from "../failureLog.ts"
import { forkLongLived } from "../longLived.ts"
import type { Bucket } from "./Bucket.ts"
import { sequenceOf } from "./Listener.ts"
import { readStream } from "./readStream.ts"
import type { Trouble } from "./Troubles.ts"

const LOOK_EVERY = Duration.seconds(5)
const READ_AGAIN = Duration.millis(500)

const LED_BY_NOBODY = Effect.fail(new BrokerUnavailable({ detail: "no server leads it now" }))

/** What the bucket has to be made with. @param told where its writes are told */
export const republishOf = (bucket: string, told: string): { readonly republish: Republish } => ({
  republish: { src: `$KV.${bucket}.>`, dest: `${told}.>` }
})

export interface Follower {
  /** A key has this value in this revision; that may have been told before, and after later ones. Synchronous. */
  readonly told: (key: string, revision: number, value: Uint8Array) => void
  /** The bucket was lost and began anew: nothing of what was told before is in it. Synchronous. */
  readonly begunAnew: () => void
}

/**
 * Until the scope closes. Completes when all has been told that the bucket had at the beginning.
 * @param tellsAt where its writes are told
 * @param trouble that the bucket cannot be followed
 */
export const follow = Effect.fnUntraced(function* (
  bucket: Bucket,
  tellsAt: string,
  follower: Follower,
  trouble: Trouble
) {
  const { link, stream } = bucket
  /** All that has a sequence up to this one was told. */
  let known = 0
  /** When the bucket was made that this is about. */
  let life: string | undefined
  const looks = yield* Queue.sliding<void>(1)
  const lookNow = () => void Queue.offerUnsafe(looks, undefined)

  const prefix = bucket.subject("")
  const keyOfTold = (subject: string) => {
    // The server puts the whole subject, or what stands for ">", behind the place where it tells it.
    const rest = subject.slice(tellsAt.length + 1)
    return rest.startsWith(prefix) ? rest.slice(prefix.length) : rest
  }

  yield* link.hear(`${tellsAt}.>`, (message) => {
    const sequence = sequenceOf(message)
    if (sequence === 0) return
    if (sequence === known + 1) known = sequence
    // More than the next one: something was missed. Less: it was read before, or the bucket began anew.
    else if (sequence !== known) lookNow()
    follower.told(keyOfTold(message.subject), sequence, message.data)
  })
  yield* link.onChange((isUp) => {
    if (isUp) lookNow()
  })

  const readMissed = (last: number) =>
    Effect.tap(
      readStream(
        link,
        { stream, subject: bucket.subject(">"), from: known + 1, to: () => last },
        (seq, subject, data) => follower.told(bucket.keyOf(subject), seq, data)
      ),
      () => Effect.sync(() => (known = Math.max(known, last)))
    )

  const look: Effect.Effect<void, BrokerUnavailable> = Effect.gen(function* () {
    const before = known
    const { state, created, cluster } = yield* bucket.ask(`${stream} was not looked at`, () =>
      link.manager.streams.info(stream)
    )
    // Whoever answers then may have nothing of what is in it: so it is for a moment when more servers are to keep it.
    if (cluster !== undefined && cluster.leader === undefined) return yield* LED_BY_NOBODY
    const isAnother = life !== undefined && created !== life
    life = created
    if (isAnother || state.last_seq < before) {
      known = 0
      follower.begunAnew()
    }
    if (state.last_seq > known) yield* readMissed(state.last_seq)
  })

  const begun = yield* Deferred.make<void>()
  const fails = makeFailureLog(`${bucket.name} cannot be followed now`)
  const round = trouble.watch(look).pipe(
    Effect.tap(() => Deferred.succeed(begun, undefined)),
    Effect.andThen(Effect.timeoutOption(Queue.take(looks), LOOK_EVERY)),
    Effect.catch(({ detail }: BrokerUnavailable) =>
      Effect.andThen(link.isUp() ? fails(detail) : Effect.void, Effect.sleep(READ_AGAIN))
    )
  )
  yield* forkLongLived(`following ${bucket.name}`, Effect.forever(round))
  yield* Deferred.await(begun)
  return {
    /** Looks at the bucket now: completes when its beginning anew was told, if there was one, and what was missed. */
    look
  }
})
