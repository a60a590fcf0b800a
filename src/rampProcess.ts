/** A process with ramps, started by the load client only. It ends when it is told to, or when the client is gone. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { makeRampHost } from "./actors/RampHost.ts"
import { HeldLog } from "./client/HeldLog.ts"
import { type FromRamps, ToRamps } from "./client/processMessages.ts"
import type { Order } from "./client/scenario/Order.ts"
import { clientKeys } from "./config/ClientConfig.ts"
import { resolve } from "./config/resolve.ts"
import { fromJson } from "./config/sources.ts"
import { EpochAtZero } from "./services/now.ts"
import { linkToParent } from "./services/processes/ParentLink.ts"
import { runChild } from "./services/processes/runChild.ts"

type Prepare = Extract<ToRamps, { _tag: "Prepare" }>
type RampHost = Effect.Success<ReturnType<typeof makeRampHost>>

const main = Effect.gen(function* () {
  const prepared = yield* Deferred.make<Prepare>()
  const begun = yield* Deferred.make<number>()
  const stopped = yield* Deferred.make<void>()
  let host: RampHost | undefined
  /** The latest order that came before there were ramps to obey it. */
  let early: Order | undefined
  const link = yield* linkToParent<ToRamps, FromRamps>(ToRamps, (message) => {
    if (message._tag === "Prepare") Deferred.doneUnsafe(prepared, Effect.succeed(message))
    else if (message._tag === "Begin") Deferred.doneUnsafe(begun, Effect.succeed(message.startedAt))
    else if (message._tag === "Stop") Deferred.doneUnsafe(stopped, Effect.void)
    else if (message._tag === "Obey") {
      if (host === undefined) early = message.order
      else host.obey(message.order)
    } else if (host !== undefined) link.send(host.answer(message))
  })

  const ramp = Effect.gen(function* () {
    const order = yield* Deferred.await(prepared)
    const config = Result.getOrThrow(resolve(clientKeys, [fromJson(clientKeys, order.config, "parent")]))
    const log = new HeldLog()
    link.send({ _tag: "Ready" })
    yield* Effect.gen(function* () {
      const startedAt = yield* Deferred.await(begun)
      const ramps = yield* makeRampHost({ config, prepared: order, startedAt, takeLog: log.take })
      host = ramps
      if (early !== undefined) ramps.obey(early)
      yield* Effect.raceFirst(Deferred.await(stopped), ramps.failure)
      yield* link.flush(yield* ramps.stop)
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
