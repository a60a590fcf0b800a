/** A node that can never come back to the others ends, and is started anew by who watches it: alone it would refuse for good what others would do. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { NatsLink } from "../nats/NatsLink.ts"
import { Serving } from "../Serving.ts"

const withNats = (here: Serving["Service"]) =>
  Effect.map(NatsLink, ({ ended }) =>
    Serving.of({
      begin: (http) =>
        Effect.map(here.begin(http), (served) => ({
          ...served,
          failure: Effect.raceFirst(served.failure, ended)
        }))
    })
  )

/** @param serving whose `failure` fails with the connection, too */
export const servingWithNats = <A, E, R>(serving: Layer.Layer<A | Serving, E, R>) =>
  Layer.effect(Serving, Effect.flatMap(Serving, withNats)).pipe(Layer.provideMerge(serving))
