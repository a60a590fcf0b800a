/** Streams that nodes of different configuration share. */
import { access } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"
import { type NatsNode, natsNode } from "../../support/nats/natsBroker.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

/** Servers on a busy machine take their time to agree on who leads. */
const ELECTIONS_MS = 120_000

const TTLS = { ttlMs: 60_000, metaTtlMs: 120_000 }
const LONG = { ttlMs: 3_600_000, metaTtlMs: 3_600_000 }
const keeping = (size: number, ttls = TTLS) => ({
  namespaces: { histories: [{ name: "", size, ...ttls }], of: () => "" }
})
const STREAM = { size: 1000, ...TTLS }

const publish = ({ broker }: NatsNode, text: string, channel = "news") =>
  broker.publish(channel, new TextEncoder().encode(text), { stream: STREAM })

const configOf = ({ link }: NatsNode) =>
  Effect.map(
    link.ask("no stream", () => link.manager.streams.info(link.subjects.historyStream(""))),
    ({ config }) => config
  )

/** Publishes one after the other, whether that succeeds or not, until the scope closes. */
const publishOn = (node: NatsNode, channel: string) =>
  Effect.forkScoped(Effect.forever(Effect.catch(publish(node, "more", channel), () => Effect.sleep(5))))

describe.skipIf(noNatsServer !== undefined)(`streams of several nodes ${noNatsServer ?? ""}`, () => {
  it("a node that wants shorter histories cuts nobody's, and says so once", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const one = yield* natsNode([server], { prefix: "t", ...keeping(1000, LONG) })
        for (let at = 1; at <= 50; at++) yield* publish(one, String(at))
        const before = yield* configOf(one)
        const logs = new CapturedLogs()
        const small = natsNode([server], { prefix: "t", ...keeping(5) })
        const other = yield* Effect.provide(small, logs.layer)
        expect(yield* configOf(other)).toEqual(before)
        const { publications } = yield* one.broker.history("news", { limit: -1 }, STREAM)
        expect(publications.length).toBe(50)
        expect(logs.texts("Warn")).toEqual([
          expect.stringMatching(
            /^stream t_hist\S* keeps more .*: nats stream edit t_hist\S* --max-age=\d+ms --max-msgs-per-subject=27$/
          )
        ])
        const large = yield* natsNode([server], { prefix: "t", ...keeping(5000) })
        expect((yield* configOf(large)).max_msgs_per_subject).toBe(25_002)
      })
    ))

  it("one that is removed while nodes publish is made again, and its directory stays", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const nodes = [
          yield* natsNode([server], { prefix: "t", requestTimeout: 2000 }),
          yield* natsNode([server], { prefix: "t", requestTimeout: 2000 })
        ]
        const { link } = nodes[0]!
        const stream = link.subjects.historyStream("")
        yield* publishOn(nodes[0]!, "one")
        yield* publishOn(nodes[1]!, "two")
        for (let time = 0; time < 3; time++) {
          yield* link.ask("it is not removed", () => link.manager.streams.delete(stream))
          yield* Effect.retry(publish(nodes[time % 2]!, "again"), Schedule.spaced("20 millis"))
          const folder = join(server.directory, "jetstream", "jetstream", "$G", "streams", stream)
          yield* Effect.promise(() => access(folder))
        }
      })
    ))

  it(
    "a node that wants fewer servers takes none away, and writes as logs of several servers need it",
    () =>
      run(
        Effect.gen(function* () {
          const servers = yield* startNatsCluster()
          const one = yield* natsNode(servers, { prefix: "t", replicas: 3 })
          yield* publish(one, "1")
          const other = yield* natsNode(servers, { prefix: "t", replicas: 1 })
          expect((yield* configOf(other)).num_replicas).toBe(3)
          expect(other.figures.logs.isReplicated).toBe(true)
          expect(other.figures.claims).toBeDefined()
          expect(yield* publish(other, "2")).toMatchObject({ offset: 2 })
        })
      ),
    ELECTIONS_MS
  )
})
