/** How streams are read from real NATS servers that are loaded, or gone. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { type Reading, readStream } from "../../../src/services/nats/readStream.ts"
import { noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { linkTo } from "../../support/nats/natsLink.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const SUBJECT = "s.a"

/** A stream of messages with so many bytes each, and how to read it. */
const streamOf = Effect.fnUntraced(function* (
  link: NatsLink["Service"],
  sizes: ReadonlyArray<number>,
  replicas = 1
) {
  const name = "s"
  yield* Effect.promise(() => link.manager.streams.add({ name, subjects: ["s.>"], num_replicas: replicas }))
  yield* Effect.forEach(
    sizes,
    (size) =>
      Effect.promise(() => link.jetstream.publish(SUBJECT, new Uint8Array(size), { timeout: 30_000 })),
    { concurrency: 8 }
  )
  const reading: Reading = { stream: name, subject: SUBJECT, to: () => sizes.length }
  /** How many bytes each message has. */
  return (took: (seq: number) => void = () => {}, reader = link) => {
    const found: Array<number> = []
    return Effect.as(
      readStream(reader, reading, (seq, _, data) => {
        found.push(data.length)
        took(seq)
      }),
      found
    )
  }
})

describe.skipIf(noNatsServer !== undefined)(`streams at NATS ${noNatsServer ?? ""}`, () => {
  it("however large messages are that wait to be read, the connection stays", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const link = yield* linkTo([server], { prefix: "t" })
        // More than a server lets wait for one connection; the last ones have more bytes than are asked for at once.
        const sizes = [...Array.from<number>({ length: 480 }).fill(250_000), 2 ** 20, 2 ** 20, 10]
        const read = yield* streamOf(link, sizes)
        const changes: Array<boolean> = []
        yield* link.onChange((isUp) => void changes.push(isUp))
        const found = yield* Effect.all([read(), read(), read()], { concurrency: 3 })
        for (const one of found) expect([...one].sort()).toEqual([...sizes].sort())
        expect(changes).toEqual([])
      })
    ))

  it("more messages than are asked for at once come in their order", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const link = yield* linkTo([server], { prefix: "t" })
        const read = yield* streamOf(link, Array.from<number>({ length: 2500 }).fill(1))
        const seqs: Array<number> = []
        yield* read((seq) => seqs.push(seq))
        expect(seqs).toEqual(Array.from({ length: 2500 }, (_, at) => at + 1))
      })
    ))

  it("a stream that is removed while it is read fails, and says so", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const link = yield* linkTo([server], { prefix: "t" })
        const read = yield* streamOf(link, Array.from<number>({ length: 1500 }).fill(1))
        const failed = yield* Effect.flip(
          read((seq) => {
            if (seq === 1) link.manager.streams.delete("s").catch(() => {})
          })
        )
        expect(failed.detail).toContain("stream not found")
      })
    ))

  it("when one of three servers was killed all is read by consumers at the others", () =>
    run(
      Effect.gen(function* () {
        const servers = yield* startNatsCluster()
        const writer = yield* linkTo([servers[0]!], { prefix: "t" })
        const read = yield* streamOf(writer, [1, 2, 3], 3)
        const { cluster } = yield* Effect.promise(() => writer.manager.streams.info("s"))
        const { meta_cluster } = yield* Effect.promise(() => servers[0]!.monitored("jsz"))
        // None that has to be replaced first: it leads neither the stream nor JetStream, and is not the reader's own.
        const leaders = [cluster?.leader, meta_cluster.leader]
        const other = servers.find(({ name }) => !leaders.includes(name))!
        const reader = yield* linkTo([servers.find((server) => server !== other)!], { prefix: "t" })
        yield* Effect.promise(() => other.kill())
        const found = yield* Effect.all(
          Array.from({ length: 16 }, () => read(undefined, reader)),
          { concurrency: 16 }
        )
        for (const one of found) expect([...one].sort()).toEqual([1, 2, 3])
      })
    ))
})
