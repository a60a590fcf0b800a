/** A node that is started before NATS, or with one that is of no use to it. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Bucket } from "../../../src/services/nats/Bucket.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { natsNode } from "../../support/nats/natsBroker.ts"
import { linkTo } from "../../support/nats/natsLink.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

/** Completes when a line says so. */
const saying = (text: string) =>
  Effect.gen(function* () {
    const said = yield* Deferred.make<void>()
    const logger = Logger.make(({ message }) => {
      if (String(message).includes(text)) Deferred.doneUnsafe(said, Effect.void)
    })
    return { said: Deferred.await(said), layer: Logger.layer([logger]) }
  })

/** Servers on a busy machine take their time to agree on who leads. */
const ELECTIONS_MS = 120_000

/** One that waits for so long would not be waited for by the test. */
const PATIENT = { connectTimeout: "10 minutes" } as const

describe.skipIf(noNatsServer !== undefined)(`a node that is started ${noNatsServer ?? ""}`, () => {
  it("before NATS waits for it, and says so", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        yield* Effect.promise(() => server.stop())
        const { said, layer } = yield* saying(`waiting for NATS at ${server.url}: connection refused`)
        const linking = yield* Effect.forkChild(
          Effect.provide(linkTo([server], { ...PATIENT, reconnectWait: 20 }), layer)
        )
        yield* said
        yield* Effect.promise(() => server.start())
        yield* (yield* Fiber.join(linking)).flushed
      })
    ))

  it("with a name that nobody knows yet waits for as long as it is told, and says so once", () =>
    run(
      Effect.gen(function* () {
        const logs = new CapturedLogs()
        const url = "nats://nobody.invalid:4222"
        const refused = yield* linkTo([{ url }], { connectTimeout: 300, reconnectWait: 20 }).pipe(
          Effect.flip,
          Effect.provide(logs.layer)
        )
        expect(refused.message).toContain(url)
        expect(logs.texts("Warn")).toEqual([
          expect.stringMatching(/^waiting for NATS at nats:\/\/nobody\.invalid/)
        ])
      })
    ))

  it("where it is not let in does not wait", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats({ configuration: "authorization { user: clarion, password: right }" })
        const refused = yield* Effect.flip(
          linkTo([server], { ...PATIENT, user: "clarion", password: "wrong" })
        )
        expect(refused.message).toMatch(/does not let in/)
      })
    ))

  const node = { prefix: "t", startTimeout: Duration.minutes(10) }
  const NO_JETSTREAM = "accounts { A { users: [{ user: a, password: b }] } }\nno_auth_user: a"

  it.each([
    ["replicas", "", { replicas: 3 }, /replicas > 1 not supported/],
    ["an account", NO_JETSTREAM, {}, /not enabled for account/]
  ])("with %s that the only server cannot have does not wait", (_, configuration, options, said) =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats({ configuration })
        const refused = yield* Effect.flip(natsNode([server], { ...node, ...options }))
        expect(refused).toMatchObject({ isLasting: true })
        expect(refused.message).toMatch(said)
      })
    )
  )

  it("with a bucket that NATS cannot make does not wait", () =>
    run(
      Effect.gen(function* () {
        const link = yield* linkTo([yield* startNats({ configuration: NO_JETSTREAM })])
        expect(yield* Effect.flip(Bucket.open(link, "t_leases", {}))).toMatchObject({ isLasting: true })
      })
    ))

  it(
    "while JetStream of a cluster has no leader waits for it",
    () =>
      run(
        Effect.gen(function* () {
          const servers = yield* startNatsCluster()
          yield* Effect.promise(() => Promise.all(servers.slice(1).map((server) => server.stop())))
          const link = yield* linkTo(servers.slice(0, 1), { requestTimeout: 300 })
          const asked = yield* Effect.flip(link.ask("streams", () => link.manager.streams.info("none")))
          expect(asked.isLasting).toBe(false)
          const starting = yield* Effect.forkChild(natsNode(servers.slice(0, 1), { ...node, replicas: 3 }))
          yield* Effect.promise(() => Promise.all(servers.slice(1).map((server) => server.start())))
          yield* Fiber.join(starting)
        })
      ),
    ELECTIONS_MS
  )
})
