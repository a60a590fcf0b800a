/** Waits for what becomes of a connection to NATS. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { NatsLink } from "../../../src/services/nats/NatsLink.ts"

/** Completes when the connection is up, or, with false, down. */
export const untilUp = (link: NatsLink["Service"], isUp: boolean): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      const is = yield* Deferred.make<void>()
      yield* link.onChange((now) => {
        if (now === isUp) Deferred.doneUnsafe(is, Effect.void)
      })
      if (link.isUp() !== isUp) yield* Deferred.await(is)
    })
  )
