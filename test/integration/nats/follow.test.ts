/** Who follows a bucket has all of it when that is said, also where somebody writes it without a break. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Bucket } from "../../../src/services/nats/Bucket.ts"
import { type Follower, follow, republishOf } from "../../../src/services/nats/follow.ts"
import { noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { linkTo } from "../../support/nats/natsLink.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))
const KEYS = Array.from({ length: 20 }, (_, at) => `key${at}`)
const TOLD_AT = "told"
/** Nodes that begin one after the other. */
const FOLLOWERS = 10

describe.skipIf(noNatsServer !== undefined)(`who follows a bucket ${noNatsServer ?? ""}`, () => {
  const kinds = [
    { replicas: 1, servers: Effect.map(startNats(), (server) => [server]) },
    { replicas: 3, servers: startNatsCluster() }
  ]
  it.each(kinds)(
    "on $replicas servers: has read it, although it is written all the time",
    ({ replicas, servers }) =>
      run(
        Effect.gen(function* () {
          const nats = yield* servers
          const options = { replicas, history: 1, ...republishOf("test", TOLD_AT) }
          const open = Effect.flatMap(linkTo(nats), (link) => Bucket.open(link, "test", options))
          const bucket = yield* open
          /** The last revision of each key that was acknowledged. */
          const written = new Map<string, number>()
          const write = Effect.fnUntraced(function* (key: string) {
            const revision = yield* bucket.put(key, Buffer.from(key), written.get(key) ?? 0)
            if (revision !== undefined) written.set(key, revision)
          })
          yield* Effect.forEach(KEYS, write, { concurrency: "unbounded" })
          const [busy] = KEYS
          const writing = yield* Effect.forkScoped(Effect.forever(write(busy!)))
          for (let at = 0; at < FOLLOWERS; at++) {
            const told = new Map<string, number>()
            const before = new Map(written)
            const follower: Follower = {
              told: (key, revision) => void told.set(key, Math.max(revision, told.get(key) ?? 0)),
              begunAnew: () => told.clear()
            }
            const bucket = yield* open
            yield* follow(bucket, TOLD_AT, follower, bucket.link.troubles.expect("it cannot be followed"))
            for (const [key, revision] of before)
              expect([at, key, told.get(key)]).toSatisfy(([, , now]) => now >= revision)
          }
          yield* Fiber.interrupt(writing)
        })
      ),
    30_000
  )
})
