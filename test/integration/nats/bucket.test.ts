/** A bucket at a real NATS: of those who write at once, one was first. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Bucket } from "../../../src/services/nats/Bucket.ts"
import { noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { linkTo } from "../../support/nats/natsLink.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))
const ROUNDS = 100
const value = (text: string) => Buffer.from(text)

describe.skipIf(noNatsServer !== undefined)(`a bucket ${noNatsServer ?? ""}`, () => {
  const kinds = [
    { replicas: 1, servers: Effect.map(startNats(), (server) => [server, server, server]) },
    { replicas: 3, servers: startNatsCluster() }
  ]
  it.each(kinds)(
    "on $replicas servers: of three who replace one revision at once, one does",
    ({ replicas, servers }) =>
      run(
        Effect.gen(function* () {
          const links = yield* Effect.forEach(yield* servers, (server) => linkTo([server]))
          const buckets: Array<Bucket> = []
          for (const link of links) buckets.push(yield* Bucket.open(link, "test", { replicas, history: 1 }))
          let revision = 0
          for (let round = 0; round < ROUNDS; round++) {
            const written = yield* Effect.all(
              buckets.map((bucket, at) => bucket.put("key", value(`${round} ${at}`), revision)),
              { concurrency: "unbounded" }
            )
            const winners = written.filter((one) => one !== undefined)
            expect([round, winners.length]).toEqual([round, 1])
            const winner = written.findIndex((one) => one !== undefined)
            const last = yield* buckets[round % 3]!.last("key")
            expect(last).toMatchObject({
              revision: winners[0],
              value: new Uint8Array(value(`${round} ${winner}`))
            })
            revision = winners[0]!
          }
          expect(yield* buckets[0]!.put("key", value("old"), revision - 1)).toBeUndefined()
        })
      ),
    60_000
  )
})
