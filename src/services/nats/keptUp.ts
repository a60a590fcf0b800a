/**
 * What nodes need at NATS, and somebody may remove while they run: who asks for it and does not find it has it made again. What was asked fails all
 * the same, when that is done: it may be asked again.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { makeFailureLog } from "../failureLog.ts"
import {
  hasNoDirectory,
  isMissing,
  isStreamMissing,
  mayBeMissing,
  REMOVED_WITHIN,
  withDirectory
} from "./ensureStreams.ts"
import type { NatsLink } from "./NatsLink.ts"

/** Asks as `NatsLink.ask` does. */
export type Ask = NatsLink["Service"]["ask"]

/**
 * Runs one at a time: who comes meanwhile waits for its end. It goes on where they do not wait any more, as one that is begun again and again, by those
 * who are in a hurry, would never come to its end.
 */
const oneAtATime = (work: Effect.Effect<void>): Effect.Effect<void> => {
  let underWay: Deferred.Deferred<void> | undefined
  return Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      if (underWay !== undefined) return restore(Deferred.await(underWay))
      const done = Deferred.makeUnsafe<void>()
      underWay = done
      const over = Effect.sync(() => {
        underWay = undefined
        Deferred.doneUnsafe(done, Effect.void)
      })
      return Effect.andThen(Effect.forkDetach(Effect.ensuring(work, over)), restore(Deferred.await(done)))
    })
  )
}

/**
 * @param stream that keeps it
 * @param name "the bucket …"
 * @param ensure makes it where there is none; one at a time is under way
 */
export const keptUp = (
  link: NatsLink["Service"],
  stream: string,
  name: string,
  ensure: Effect.Effect<unknown, BrokerUnavailable>
): Ask => {
  const detail = `NATS does not have ${name} now`
  const says = makeFailureLog(detail)
  /** NATS has said so. Until it is made nothing is asked of it: see `REMOVED_WITHIN`. */
  let isGone = false
  // It may also be there, and have no leader for a moment.
  const look = link.ask(`${name} was not looked at`, async () => {
    isGone = await isMissing(link, stream)
  })
  const make = says("it is made").pipe(
    Effect.andThen(Effect.sleep(REMOVED_WITHIN)),
    Effect.andThen(Effect.ignore(ensure))
  )
  const makeAgain = oneAtATime(
    Effect.ignore(look).pipe(
      Effect.andThen(Effect.suspend(() => (isGone ? make : Effect.void))),
      Effect.ensuring(
        Effect.sync(() => {
          isGone = false
        })
      )
    )
  )
  const placeAgain = oneAtATime(
    Effect.andThen(says("its directory is gone"), Effect.ignore(withDirectory(link, stream)))
  )
  const remedyFor = (error: unknown): Effect.Effect<void> | undefined => {
    isGone ||= isStreamMissing(error)
    if (mayBeMissing(error)) return makeAgain
    return hasNoDirectory(error) ? placeAgain : undefined
  }
  return (what, asking) =>
    Effect.suspend(() => {
      let remedy: Effect.Effect<void> | undefined
      const noticed = () =>
        asking().catch((error: unknown) => {
          remedy = remedyFor(error)
          throw error
        })
      const failed = () => Effect.fail(new BrokerUnavailable({ detail: `${what}: ${detail}` }))
      if (isGone) return Effect.andThen(makeAgain, Effect.suspend(failed))
      return Effect.catch(link.ask(what, noticed), (error) =>
        remedy === undefined ? Effect.fail(error) : Effect.andThen(remedy, Effect.suspend(failed))
      )
    })
}
