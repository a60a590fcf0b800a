/** In a worker: commands for sessions of other workers go through the primary. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Emulation } from "../Emulation.ts"
import type { PrimaryAsker } from "./PrimaryAsker.ts"

export const layer = (asker: PrimaryAsker) =>
  Layer.succeed(Emulation, {
    forward: (node, session, data) =>
      Effect.match(asker.ask({ _tag: "Emulate", node, session, data }), {
        onSuccess: ({ _tag }) => (_tag === "Done" ? "done" : "unknownNode"),
        onFailure: () => "unavailable"
      })
  })
