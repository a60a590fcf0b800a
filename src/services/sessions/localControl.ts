/** Control where one process serves: all sessions are here. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Control } from "../Control.ts"
import { Node, Sessions } from "./Sessions.ts"

export const layerLocal = Layer.effect(
  Control,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const { uid } = yield* Node
    return Control.of({
      apply: (command) => Effect.sync(() => sessions.apply(command)),
      nodes: Effect.sync(() => [sessions.info()]),
      channels: Effect.sync(() => sessions.channelCounts()),
      emulate: (process, session, data) =>
        Effect.sync(() => {
          if (process === uid) sessions.emulate(session, data)
          return process === uid
        })
    })
  })
)
