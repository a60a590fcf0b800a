/** Nodes over three NATS servers that keep everything together, while one of them fails. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { NatsProxy } from "../../support/nats/NatsProxy.ts"
import { type NatsServer, noNatsServer, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { type NatsNode, natsNode } from "../../support/nats/natsBroker.ts"
import { untilUp } from "../../support/nats/untilUp.ts"

const STREAM = { size: 1000, ttlMs: 60_000, metaTtlMs: 120_000 }
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const numbersTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

/** Publishes until it is acknowledged; the key makes a repetition harmless. */
const publishSurely = ({ broker }: NatsNode, channel: string, text: string, isKeyed: boolean) =>
  broker
    .publish(channel, new TextEncoder().encode(text), {
      stream: STREAM,
      ...(isKeyed ? { idempotencyKey: text } : {})
    })
    .pipe(Effect.retry({ schedule: Schedule.spaced("100 millis"), while: () => isKeyed }))

describe.skipIf(noNatsServer !== undefined)(`nodes over three NATS servers ${noNatsServer ?? ""}`, () => {
  const scope = Effect.runSync(Scope.make())
  let servers: ReadonlyArray<NatsServer>
  beforeAll(async () => {
    servers = await Effect.runPromise(Scope.provide(startNatsCluster(), scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  it("a publication whose key was claimed, and whose own answer got lost, stands once", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const proxy = yield* NatsProxy.before(servers[0]!)
          const { broker, link } = yield* natsNode([proxy], { prefix: "lost", replicas: 3 })
          const { streams, subjects } = link
          const publish = streams.publish.bind(streams)
          streams.publish = (subject, ...rest) => {
            if (subject === subjects.history("", "news")) proxy.loseAnswers()
            publish(subject, ...rest)
          }
          const how = { stream: STREAM, idempotencyKey: "k" }
          const attempt = broker.publish("news", new TextEncoder().encode("once"), how)
          yield* Effect.flip(attempt)
          const isDown = yield* Effect.forkChild(untilUp(link, false), { startImmediately: true })
          proxy.restore()
          yield* Fiber.join(isDown)
          yield* untilUp(link, true)
          expect(yield* attempt).toMatchObject({ offset: 1, isSuppressed: true })
          expect((yield* broker.history("news", { limit: -1 }, STREAM)).publications.length).toBe(1)
        })
      )
    ))

  it("of many at once with one key, one is published, also where a server lags behind the others for a moment", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const nodes = yield* Effect.forEach(servers, (server) =>
            natsNode([server], { prefix: "keys", replicas: 3 })
          )
          for (const round of numbersTo(40)) {
            const published = yield* Effect.forEach(
              numbersTo(30),
              (turn) =>
                nodes[turn % 3]!.broker.publish(`c${round}`, new Uint8Array(1), {
                  stream: STREAM,
                  idempotencyKey: "k"
                }),
              { concurrency: "unbounded" }
            )
            expect(published.filter(({ isSuppressed }) => !isSuppressed).length).toBe(1)
          }
        })
      )
    ))

  it(
    "the server that leads is killed while all publish: what was acknowledged stays, each once and in order",
    () =>
      Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const nodes = yield* Effect.forEach(servers, (_, at) =>
              natsNode([...servers.slice(at), ...servers.slice(0, at)], { prefix: "t", replicas: 3 })
            )
            for (const { broker } of nodes) yield* broker.subscribe("news")
            const acked = new Set<string>()
            const publishing = yield* Effect.forkChild(
              Effect.forEach(
                nodes,
                (node, at) =>
                  Effect.forEach(numbersTo(100), (turn) => {
                    // Those without a key may have happened where they failed, and are not tried again.
                    const isKeyed = turn % 3 !== 0
                    const text = `${at}.${turn}`
                    return Effect.match(publishSurely(node, "news", text, isKeyed), {
                      onSuccess: () => void acked.add(text),
                      onFailure: () => undefined
                    })
                  }),
                { concurrency: "unbounded", discard: true }
              )
            )
            yield* nodes[0]!.received.wait("news", 60)
            const { manager, subjects } = nodes[0]!.link
            const info = yield* Effect.promise(() => manager.streams.info(subjects.historyStream("")))
            const leader = servers.find(({ name }) => name === info.cluster?.leader)!
            yield* Effect.promise(() => leader.kill())
            while (acked.size < 150) yield* Effect.sleep(20)
            yield* Effect.promise(() => leader.start())
            while (publishing.pollUnsafe() === undefined) yield* Effect.sleep(20)

            const history = yield* nodes[1]!.broker
              .history("news", { limit: -1 }, STREAM)
              .pipe(Effect.retry({ schedule: Schedule.spaced("100 millis") }))
            const texts = history.publications.map(({ data }) => textOf(data))
            expect(history.publications.map(({ offset }) => offset)).toEqual(numbersTo(history.offset))
            expect(new Set(texts).size).toBe(texts.length)
            expect([...acked].filter((text) => !texts.includes(text))).toEqual([])
            expect(acked.size).toBeGreaterThan(200)
            for (const { received } of nodes) {
              const events = yield* received.wait("news", history.offset)
              expect(events.map(({ publication, data }) => [publication.offset, textOf(data)])).toEqual(
                texts.map((text, at) => [at + 1, text])
              )
            }
          })
        )
      ),
    180_000
  )
})
