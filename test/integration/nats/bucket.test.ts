/** A bucket at a real NATS: of those who write at once, one was first; and one that has lost its directory there. */
import { readdir, readlink, rm } from "node:fs/promises"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Bucket } from "../../../src/services/nats/Bucket.ts"
import { type NatsServer, noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { linkTo } from "../../support/nats/natsLink.ts"
import { untilUp } from "../../support/nats/untilUp.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))
const ROUNDS = 100
const value = (text: string) => Buffer.from(text)

/** Whether the server has a file of this folder open: then it writes there, whether it can be found or not. */
const hasOpen = async ({ pid }: NatsServer, folder: string): Promise<boolean> => {
  const fds = `/proc/${pid}/fd`
  const files = await Promise.all((await readdir(fds)).map((fd) => readlink(`${fds}/${fd}`).catch(() => "")))
  return files.some((file) => file.startsWith(folder))
}

/** Looks every 50 ms; a test's time limit is the bound. */
const untilClosed = (server: NatsServer, folder: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (yield* Effect.promise(() => hasOpen(server, folder))) yield* Effect.sleep(50)
  })

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
  it.skipIf(process.platform !== "linux")(
    "that has lost its directory, as when it was made while another one of its name was removed, gets one",
    () =>
      run(
        Effect.gen(function* () {
          const server = yield* startNats()
          const link = yield* linkTo([server])
          const bucket = yield* Bucket.open(link, "test", {})
          const folder = `${server.directory}/jetstream/jetstream/$G/streams/KV_test`
          const before = yield* bucket.put("key", value("removed"), 0)
          yield* Effect.promise(() => link.manager.streams.deleteMessage(bucket.stream, before!))
          yield* untilClosed(server, folder)
          yield* Effect.promise(() => rm(folder, { recursive: true }))
          expect(yield* Effect.flip(bucket.put("key", value("lost"), 0))).toMatchObject({
            detail: expect.stringContaining("NATS does not have the bucket test now")
          })
          const revision = yield* bucket.put("key", value("kept"), 0)
          expect(revision).toBeGreaterThan(before!)
          // It is on file, with what the bucket is.
          yield* Effect.promise(() => server.kill())
          yield* Effect.promise(() => server.start())
          yield* untilUp(link, true)
          expect(yield* bucket.last("key")).toEqual({ revision, value: new Uint8Array(value("kept")) })
        })
      )
  )
})
