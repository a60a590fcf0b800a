/** Every implementation of presence is held to one contract. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe } from "vitest"
import { layerMemory } from "../../src/services/MemoryPresence.ts"
import { Presence } from "../../src/services/Presence.ts"
import { presenceSuite } from "./presenceSuite.ts"

describe("presence in memory", () =>
  presenceSuite({
    start: (processes) =>
      Effect.map(Layer.build(layerMemory), (context) =>
        Array.from({ length: processes }, () => Context.get(context, Presence))
      ),
    run: (test) => Effect.runPromise(Effect.scoped(test))
  }))
