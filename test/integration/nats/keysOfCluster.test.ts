/** Idempotency keys over three NATS servers, where what would say that a key was published is gone. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import { NatsProxy } from "../../support/nats/NatsProxy.ts"
import { type NatsServer, noNatsServer, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { type NatsNode, natsNode } from "../../support/nats/natsBroker.ts"
import { untilUp } from "../../support/nats/untilUp.ts"

const TTLS = { ttlMs: 60_000, metaTtlMs: 600_000 }
const STREAM = { size: 2, ...TTLS }
const namespaces = { histories: [{ name: "", ...STREAM }], of: () => "" }

const publish = ({ broker }: NatsNode, text: string, idempotencyKey = "") =>
  broker.publish("news", new TextEncoder().encode(text), { stream: STREAM, idempotencyKey })

const texts = ({ broker }: NatsNode) =>
  Effect.map(broker.history("news", { limit: -1 }, STREAM), ({ publications }) =>
    publications.map(({ data }) => new TextDecoder().decode(data))
  )

describe.skipIf(noNatsServer !== undefined)(`keys over three NATS servers ${noNatsServer ?? ""}`, () => {
  const scope = Effect.runSync(Scope.make())
  let servers: ReadonlyArray<NatsServer>
  beforeAll(async () => {
    servers = await Effect.runPromise(Scope.provide(startNatsCluster(), scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  let tests = 0
  const run = <E>(test: (prefix: string) => Effect.Effect<unknown, E, Scope.Scope>) =>
    Effect.runPromise(Effect.scoped(test(`keys${++tests}`)))

  /** A publication with a key that is stored, and of which its node does not know that. */
  const unsure = Effect.fnUntraced(function* (prefix: string) {
    const proxy = yield* NatsProxy.before(servers[0]!)
    const node = yield* natsNode([proxy], { prefix, replicas: 3, namespaces })
    const { streams, subjects } = node.link
    const append = streams.publish.bind(streams)
    streams.publish = (subject, ...rest) => {
      if (subject === subjects.history("", "news")) proxy.loseAnswers()
      append(subject, ...rest)
    }
    yield* Effect.flip(publish(node, "once", "k"))
    streams.publish = append
    const isDown = yield* Effect.forkChild(untilUp(node.link, false), { startImmediately: true })
    proxy.restore()
    yield* Fiber.join(isDown)
    yield* untilUp(node.link, true)
    return node
  })

  it("where more was published since than the history holds, nobody knows: it is not published again", () =>
    run((prefix) =>
      Effect.gen(function* () {
        const node = yield* unsure(prefix)
        const other = yield* natsNode([servers[1]!], { prefix, replicas: 3, namespaces })
        for (let at = 1; at <= 8; at++) yield* publish(other, `${at}`)
        expect(yield* Effect.flip(publish(node, "once", "k"))).toBeInstanceOf(BrokerUnavailable)
        expect(yield* publish(node, "more", "k2")).toMatchObject({ offset: 10, isSuppressed: false })
        expect(yield* texts(node)).toEqual(["8", "more"])
      })
    ))

  it("nor where the history was removed since then", () =>
    run((prefix) =>
      Effect.gen(function* () {
        const node = yield* unsure(prefix)
        yield* node.broker.removeHistory("news")
        // It is removed with a message of its own, and those before that are purged a moment later.
        const { manager, subjects } = node.link
        const messages = () =>
          manager.streams.info(subjects.historyStream("")).then(({ state }) => state.messages)
        while ((yield* Effect.promise(messages)) > 1);
        expect(yield* Effect.flip(publish(node, "once", "k"))).toBeInstanceOf(BrokerUnavailable)
        expect(yield* texts(node)).toEqual([])
      })
    ))

  it("what was acknowledged is known however much is published then; so is what was looked for once", () =>
    run((prefix) =>
      Effect.gen(function* () {
        const node = yield* unsure(prefix)
        expect(yield* publish(node, "once", "k")).toMatchObject({ offset: 1, isSuppressed: true })
        expect(yield* publish(node, "another", "k2")).toMatchObject({ offset: 2, isSuppressed: false })
        for (let at = 1; at <= 8; at++) yield* publish(node, `${at}`)
        expect(yield* publish(node, "once", "k")).toMatchObject({ offset: 1, isSuppressed: true })
        expect(yield* publish(node, "another", "k2")).toMatchObject({ offset: 2, isSuppressed: true })
      })
    ))

  it("when their stream is lost it is made anew", () =>
    run((prefix) =>
      Effect.gen(function* () {
        const node = yield* natsNode([servers[0]!], { prefix, replicas: 3, namespaces })
        const { manager, subjects } = node.link
        yield* publish(node, "1", "k")
        yield* Effect.promise(() => manager.streams.delete(subjects.keyStream))
        expect(yield* Effect.eventually(publish(node, "2", "k2"))).toMatchObject({ offset: 2 })
      })
    ))

  it("what is refused as too much waits claims nothing", () =>
    run((prefix) =>
      Effect.gen(function* () {
        const node = yield* natsNode([servers[0]!], { prefix, replicas: 3, namespaces })
        const { manager, subjects } = node.link
        yield* publish(node, "1", "k")
        const full = new BrokerUnavailable({ detail: "too much waits" })
        Object.defineProperty(node.figures.writer, "refusal", { get: () => full })
        expect(yield* Effect.flip(publish(node, "2", "k2"))).toBe(full)
        const { state } = yield* Effect.promise(() => manager.streams.info(subjects.keyStream))
        expect(state.num_subjects).toBe(1)
      })
    ))

  it("a log that an operator has purged begins anew at once", () =>
    run((prefix) =>
      Effect.gen(function* () {
        const node = yield* natsNode([servers[0]!], { prefix, replicas: 3, namespaces })
        const { manager, subjects } = node.link
        const { epoch } = yield* publish(node, "1")
        yield* publish(node, "2")
        yield* Effect.promise(() => manager.streams.purge(subjects.historyStream("")))
        const again = yield* publish(node, "3")
        expect(again.offset).toBe(1)
        expect(again.epoch).not.toBe(epoch)
      })
    ))
})
