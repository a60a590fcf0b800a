/**
 * Presence over nodes: each has its own clients in memory, and is asked when somebody wants to know. So the clients of a node that is lost are
 * gone with it, and those who come and go cost nothing beyond their node ([decision 32](../../../docs/decisions/0032-cluster.md)).
 *
 * A node that is there and does not answer makes presence unavailable: part of the clients would look like all of them. It is that for as long
 * as the roster takes to find it gone. Many who ask for a channel at once share an answer, of a moment after they asked.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { ClientInfo } from "../../protocol/centrifuge/messages.ts"
import type { BrokerUnavailable } from "../broker/Broker.ts"
import { sharedByKey } from "../broker/nats/sharedByKey.ts"
import { asService, MemoryPresence } from "../MemoryPresence.ts"
import { Presence, type PresenceStats, TooManyClients } from "../Presence.ts"
import { NodeCalls, ofAll } from "./NodeCalls.ts"

type Clients = ReadonlyMap<string, ClientInfo>

/**
 * Clients of a channel that are told one by one, over all nodes. An answer is written and read in one turn of the event loop: of 10,000 clients
 * (2 MB) in 7 and 12 ms, three times as long where the machine is busy; 150,000 took a second each.
 */
export const MAX_TOLD = 10_000

const TOO_MANY = new TooManyClients({
  detail: `more than ${MAX_TOLD} clients are in the channel: ask for presence_stats`
})

/** @typeParam A of one channel */
const makeTogether = <A, E>(run: <B>(effect: Effect.Effect<B>) => Promise<B>) => {
  const shared = sharedByKey<Exit.Exit<A, E>>()
  return (channel: string, asking: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.flatten(Effect.promise(() => shared(channel, () => run(Effect.exit(asking)))))
}

export const layer = Layer.effect(
  Presence,
  Effect.gen(function* () {
    const calls = yield* NodeCalls
    const here = new MemoryPresence()
    const run = Effect.runPromiseWith(yield* Effect.context<never>())
    const getTogether = makeTogether<Clients, BrokerUnavailable | TooManyClients>(run)
    const countTogether = makeTogether<PresenceStats, BrokerUnavailable>(run)
    const isTooMuch = (channel: string) => here.stats(channel).numClients > MAX_TOLD
    yield* calls.serve("GetPresence", ({ channel }) =>
      Effect.sync(() =>
        isTooMuch(channel) ? { _tag: "TooManyClients" } : { _tag: "Clients", clients: [...here.get(channel)] }
      )
    )
    yield* calls.serve("CountPresence", ({ channel }) =>
      Effect.sync(() => ({
        _tag: "Counted",
        numClients: here.stats(channel).numClients,
        users: [...here.users(channel)]
      }))
    )
    return Presence.of({
      ...asService(here),
      get: (channel) =>
        getTogether(
          channel,
          Effect.gen(function* () {
            if (isTooMuch(channel)) return yield* TOO_MANY
            const others = yield* Effect.flatMap(calls.askOthers({ _tag: "GetPresence", channel }), ofAll)
            const found = new Map(here.get(channel))
            for (const other of others) {
              if (other._tag === "TooManyClients") return yield* TOO_MANY
              for (const [client, info] of other.clients) if (!found.has(client)) found.set(client, info)
              if (found.size > MAX_TOLD) return yield* TOO_MANY
            }
            return found
          })
        ),
      stats: (channel) =>
        countTogether(
          channel,
          Effect.gen(function* () {
            const others = yield* Effect.flatMap(calls.askOthers({ _tag: "CountPresence", channel }), ofAll)
            const users = new Set(here.users(channel))
            let { numClients } = here.stats(channel)
            for (const other of others) {
              numClients += other.numClients
              for (const user of other.users) users.add(user)
            }
            return { numClients, numUsers: users.size }
          })
        )
    })
  })
)
