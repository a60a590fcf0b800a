/** A process with ramps, started by the load client only. It ends when it is told to, or when the client is gone. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { makeRampHost } from "./actors/RampHost.ts"
import { HeldLog } from "./client/HeldLog.ts"
import { type FromRamps, ToRamps } from "./client/processMessages.ts"
import { clientKeys } from "./config/ClientConfig.ts"
import { resolve } from "./config/resolve.ts"
import { fromJson } from "./config/sources.ts"
import { EpochAtZero } from "./services/now.ts"
import { linkToParent } from "./services/processes/ParentLink.ts"
import { runChild } from "./services/processes/runChild.ts"

type Prepare = Extract<ToRamps, { _tag: "Prepare" }>
type Ask = Extract<ToRamps, { _tag: "AskGlance" | "AskSnapshot" }>

const main = Effect.gen(function* () {
  const prepared = yield* Deferred.make<Prepare>()
  const begun = yield* Deferred.make<number>()
  const stopped = yield* Deferred.make<void>()
  let answer: ((message: Ask) => FromRamps) | undefined
  const link = yield* linkToParent<ToRamps, FromRamps>(ToRamps, (message) => {
    if (message._tag === "Prepare") Deferred.doneUnsafe(prepared, Effect.succeed(message))
    else if (message._tag === "Begin") Deferred.doneUnsafe(begun, Effect.succeed(message.startedAt))
    else if (message._tag === "Stop") Deferred.doneUnsafe(stopped, Effect.void)
    else if (answer !== undefined) link.send(answer(message))
  })

  const ramp = Effect.gen(function* () {
    const order = yield* Deferred.await(prepared)
    const config = Result.getOrThrow(resolve(clientKeys, [fromJson(clientKeys, order.config, "parent")]))
    const log = new HeldLog()
    link.send({ _tag: "Ready" })
    yield* Effect.gen(function* () {
      const startedAt = yield* Deferred.await(begun)
      const host = yield* makeRampHost({ config, prepared: order, startedAt, takeLog: log.take })
      answer = host.answer
      yield* Effect.raceFirst(Deferred.await(stopped), host.failure)
      yield* link.flush(yield* host.stop)
    }).pipe(
      Effect.scoped,
      Effect.provideService(EpochAtZero, order.epochAtZeroMs),
      Effect.provide(log.layer(config.log.level))
    )
  })
  const tell = (cause: Cause.Cause<unknown>) => link.flush({ _tag: "Failed", message: reasonOf(cause) })
  yield* Effect.raceFirst(Effect.tapCause(ramp, tell), link.gone)
})

/** A spent budget in a sentence, a bug with its stack. */
const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return Cause.hasDies(cause) || !(error instanceof Error) ? Cause.pretty(cause) : error.message
}

runChild(main)
