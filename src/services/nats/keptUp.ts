/**
 * What nodes need at NATS, and somebody may remove while they run: who asks for it and does not find it has it made again. What was asked fails all
 * the same: it may be asked again.
 */
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { makeFailureLog } from "../failureLog.ts"
import { mayBeMissing } from "./ensureStreams.ts"
import type { NatsLink } from "./NatsLink.ts"

/** Asks as `NatsLink.ask` does. */
export type Ask = NatsLink["Service"]["ask"]

/**
 * @param name "the bucket …"
 * @param ensure makes it where there is none; one at a time is under way
 */
export const keptUp = (
  { ask }: NatsLink["Service"],
  name: string,
  ensure: Effect.Effect<unknown, BrokerUnavailable>
): Ask => {
  const detail = `NATS does not have ${name} now`
  const says = makeFailureLog(detail)
  let isUnderWay = false
  const makeAgain = Effect.suspend(() => {
    if (isUnderWay) return Effect.void
    isUnderWay = true
    return says("it is made where it is gone").pipe(
      Effect.andThen(Effect.ignore(ensure)),
      Effect.ensuring(
        Effect.sync(() => {
          isUnderWay = false
        })
      )
    )
  })
  return (what, asking) =>
    Effect.suspend(() => {
      let isMissing = false
      const noticed = () =>
        asking().catch((error: unknown) => {
          isMissing = mayBeMissing(error)
          throw error
        })
      return Effect.catch(ask(what, noticed), (error) =>
        isMissing
          ? Effect.andThen(makeAgain, Effect.fail(new BrokerUnavailable({ detail: `${what}: ${detail}` })))
          : Effect.fail(error)
      )
    })
}
