import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { NodeCalls } from "../../../../src/services/cluster/NodeCalls.ts"
import { layer, MAX_TOLD } from "../../../../src/services/cluster/NodePresence.ts"
import { Presence, TooManyClients } from "../../../../src/services/Presence.ts"

type Answer = { readonly _tag: string }

/** The presence of a node with so many clients in "news", and what others answer that it asks. */
const withClients = (count: number, others: ReadonlyArray<Answer>) => {
  const served = new Map<string, (question: { readonly channel: string }) => Effect.Effect<Answer>>()
  const calls = {
    serve: (tag: string, serve: never) => Effect.sync(() => void served.set(tag, serve)),
    askOthers: () =>
      Effect.succeed({ answers: others.map((answer) => ({ node: { name: "other" }, answer })), missing: [] })
  } as unknown as NodeCalls["Service"]
  return Effect.gen(function* () {
    const presence = yield* Presence
    for (let at = 0; at < count; at++) yield* presence.add("process", "news", `here-${at}`, {})
    const asked = yield* served.get("GetPresence")!({ channel: "news" })
    const found = yield* Effect.result(presence.get("news"))
    return { asked: asked._tag, found: found._tag === "Success" ? found.success.size : found.failure }
  }).pipe(Effect.provide(layer.pipe(Layer.provide(Layer.succeed(NodeCalls, calls)))))
}

const clients = (count: number) => ({
  _tag: "Clients",
  clients: Array.from({ length: count }, (_, at) => [`there-${at}`, {}])
})

describe("presence over nodes", () => {
  it.effect("tells as many clients as fit into a turn, wherever they are", () =>
    Effect.gen(function* () {
      const half = MAX_TOLD / 2
      expect(yield* withClients(half, [clients(half)])).toEqual({ asked: "Clients", found: MAX_TOLD })
      expect(yield* withClients(MAX_TOLD, [])).toEqual({ asked: "Clients", found: MAX_TOLD })
    })
  )

  it.effect("of more says that they are too many, and how to count them", () =>
    Effect.gen(function* () {
      const here = yield* withClients(MAX_TOLD + 1, [])
      expect(here.asked).toBe("TooManyClients")
      expect(here.found).toBeInstanceOf(TooManyClients)
      expect((here.found as TooManyClients).detail).toContain("presence_stats")
      const together = yield* withClients(1, [clients(MAX_TOLD)])
      expect(together.asked).toBe("Clients")
      expect(together.found).toBeInstanceOf(TooManyClients)
      expect((yield* withClients(1, [{ _tag: "TooManyClients" }])).found).toBeInstanceOf(TooManyClients)
    })
  )
})
