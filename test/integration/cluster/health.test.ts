import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { ServerConfig } from "../../../src/config/ServerConfig.ts"
import { makeNats } from "../../../src/services/broker/nats/NatsBroker.ts"
import { Leadership } from "../../../src/services/cluster/Leadership.ts"
import { Roster } from "../../../src/services/cluster/Roster.ts"
import { Hub } from "../../../src/services/Hub.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { layerNats } from "../../../src/services/schedules/nats/natsSchedules.ts"
import { type NatsServer, noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { natsConfig } from "../../support/nats/natsLink.ts"
import { look } from "../../support/processes/running.ts"

const WRITING = "publications with history are not stored at NATS"
const READING = "histories of channels cannot be read at NATS"
const LEASE = "which node leads cannot be read or written at NATS"
const SCHEDULES = "schedules cannot be followed at NATS"

/** All that a node asks NATS for. */
const node = Effect.fnUntraced(function* (servers: ReadonlyArray<NatsServer>) {
  const replicas = servers.length
  const config = natsConfig(servers, { requestTimeout: 1000, replicas, reconnectWait: 50 })
  const context = yield* Layer.build(
    layerNats.pipe(
      Layer.provideMerge(Layer.mergeAll(Leadership.layerNats, Roster.layer())),
      Layer.provideMerge(NatsLink.layer),
      Layer.provide([Metrics.layer, Hub.layer, Layer.succeed(ServerConfig, config)])
    )
  )
  const link = Context.get(context, NatsLink)
  const stream = { size: 10, ttlMs: 60_000, metaTtlMs: 60_000 }
  const { broker } = yield* makeNats(() => {}, {
    replicas,
    storage: "file",
    namespaces: { histories: [{ name: "", ...stream }], of: () => "" }
  }).pipe(Effect.provide(context))
  const publish = broker.publish("news", Buffer.from("x"), { stream })
  const read = broker.history("other", { limit: 1, isReverse: false }, stream)
  /** Completes when it is so, while things are published and read. */
  const until = (isSo: (problems: ReadonlyArray<string>) => boolean) =>
    Effect.gen(function* () {
      do {
        yield* Effect.exit(publish)
        yield* Effect.exit(read)
        yield* Effect.promise(look)
      } while (!isSo(link.problems()))
    })
  yield* publish
  yield* until((problems) => problems.length === 0)
  return { link, publish, until }
})

describe.skipIf(noNatsServer !== undefined)(`health over nodes ${noNatsServer ?? ""}`, () => {
  it(
    "with a connection to one of three servers whose others are gone it is degraded, until they are back",
    () =>
      Effect.gen(function* () {
        const servers = yield* startNatsCluster()
        const { link, publish, until } = yield* node(servers)
        const others = servers.filter(({ port }) => !link.connection.getServer().endsWith(`:${port}`))
        expect(others.length).toBe(2)
        for (const server of others) yield* Effect.promise(() => server.kill())
        yield* Effect.flip(publish)
        // The one that is left may still know what it has read, and what it follows. A problem that nobody has met again for a while is left out.
        const seen = new Set<string>()
        yield* until((problems) => {
          for (const problem of problems) seen.add(problem)
          return seen.has(WRITING) && seen.has(LEASE)
        })
        for (const server of others) yield* Effect.promise(() => server.start())
        yield* until((problems) => problems.length === 0)
      }).pipe(Effect.scoped, Effect.runPromise),
    120_000
  )

  it(
    "so it is while histories cannot be read, and schedules cannot be followed",
    () =>
      Effect.gen(function* () {
        const { link, until } = yield* node([yield* startNats()])
        const { streams } = link.manager
        const { info, getMessage } = streams
        const fail = () => Promise.reject(new Error("no leader"))
        Object.assign(streams, { info: fail, getMessage: fail })
        yield* until((problems) => [READING, SCHEDULES].every((one) => problems.includes(one)))
        expect(link.problems()).not.toContain(LEASE)
        Object.assign(streams, { info, getMessage })
        yield* until((problems) => problems.length === 0)
      }).pipe(Effect.scoped, Effect.runPromise),
    60_000
  )
})
