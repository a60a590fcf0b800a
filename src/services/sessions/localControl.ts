/** Control where one process serves: all sessions are here. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Control } from "../Control.ts"
import { Sessions } from "./Sessions.ts"

export const layerLocal = Layer.effect(
  Control,
  Effect.map(Sessions, (sessions) =>
    Control.of({
      apply: (command) => Effect.sync(() => sessions.apply(command)),
      nodes: Effect.sync(() => [sessions.info()]),
      channels: Effect.sync(() => sessions.channelCounts())
    })
  )
)
