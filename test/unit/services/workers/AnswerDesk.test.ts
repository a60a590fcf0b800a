import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { describe, expect } from "vitest"
import { Broker, BrokerUnavailable } from "../../../../src/services/broker/Broker.ts"
import { makeEmbedded } from "../../../../src/services/broker/EmbeddedBroker.ts"
import { Hub, type HubMember } from "../../../../src/services/Hub.ts"
import type { Publication } from "../../../../src/services/hot/Publication.ts"
import { layerMemory } from "../../../../src/services/MemoryPresence.ts"
import { Presence } from "../../../../src/services/Presence.ts"
import * as MemoryStore from "../../../../src/services/store/MemoryStore.ts"
import type { Store } from "../../../../src/services/store/Store.ts"
import { AnswerDesk, type DeskEnv, MAX_UNSENT_BYTES } from "../../../../src/services/workers/AnswerDesk.ts"
import type { ToWorker } from "../../../../src/services/workers/messages.ts"
import type { Answer, Question } from "../../../../src/services/workers/questions.ts"
import { makeDeskEnv } from "../../../support/workers/linked.ts"

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const stream = { size: 100, ttlMs: 60_000, metaTtlMs: 60_000 }

class Heard implements HubMember {
  readonly size = 0
  readonly publications: Array<Publication> = []
  readonly offer = (publication: Publication) => this.publications.push(publication) > 0
}

interface Fixture {
  readonly env: DeskEnv
  readonly heard: Heard
  readonly desk: AnswerDesk
  /** Message by message. */
  readonly sent: Array<ReadonlyArray<Answer>>
  /** Lets the messages leave the process that were sent so far. */
  readonly leave: () => void
}

const test = (
  name: string,
  body: (fixture: Fixture) => Effect.Effect<void, unknown, Hub | Presence | Store | Scope.Scope>,
  /** What is otherwise than with a memory broker. */
  change: Partial<DeskEnv> = {}
) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      const { broker } = yield* makeEmbedded((yield* Hub).publish)
      const env = { ...(yield* makeDeskEnv(broker, yield* Presence)), ...change }
      const heard = new Heard()
      const sent: Array<ReadonlyArray<Answer>> = []
      const leaving: Array<() => void> = []
      const desk = new AnswerDesk(heard, "n1", env, (message: ToWorker, left) => {
        if (message._tag !== "Answered") throw new Error(`sent a ${message._tag}`)
        sent.push(message.answers)
        leaving.push(left)
      })
      const leave = () => {
        for (const left of leaving.splice(0)) left()
      }
      yield* body({ env, heard, desk, sent, leave })
    }).pipe(Effect.provide(Layer.mergeAll(Hub.layer, layerMemory, MemoryStore.layerMemory)))
  )

const subscribe = (id: number, channel: string): Question => ({ _tag: "Subscribe", id, channel })
const publish = (id: number, channel: string, text: string): Question => ({
  _tag: "Publish",
  id,
  channel,
  data: Buffer.from(text),
  options: { stream }
})
const history = (id: number, channel: string): Question => ({
  _tag: "History",
  id,
  channel,
  filter: { limit: -1 },
  stream
})
const addPresence = (id: number, client: string): Question => ({
  _tag: "AddPresence",
  id,
  node: "n1",
  channel: "a",
  client,
  info: { user: client, client, connInfo: Buffer.from("{}") }
})

describe("the questions of a worker", () => {
  test("are done in their order, and answered in one message for each turn", ({ desk, sent, heard }) =>
    Effect.gen(function* () {
      desk.asked([
        publish(0, "a", "before"),
        subscribe(1, "a"),
        history(2, "a"),
        publish(3, "a", "after"),
        { _tag: "Unsubscribe", channel: "a" },
        publish(4, "a", "unheard"),
        history(5, "a")
      ])
      yield* turn
      const [answers = []] = sent
      expect([sent.length, answers.map(({ id }) => id)]).toEqual([1, [0, 1, 2, 3, 4, 5]])
      expect(answers.map(({ _tag }) => _tag)).toEqual([
        "Published",
        "Done",
        "History",
        "Published",
        "Published",
        "History"
      ])
      const read = (at: number) => {
        const answer = answers[at]
        return answer?._tag === "History"
          ? answer.publications.map(({ data }) => String(Buffer.from(data)))
          : undefined
      }
      expect([read(2), read(5)]).toEqual([["before"], ["before", "after", "unheard"]])
      expect(heard.publications.map(({ data }) => String(Buffer.from(data)))).toEqual(["after"])
    }))

  test("are each begun when they come: one that takes long holds up its answer alone", ({
    env,
    ...fixture
  }) =>
    Effect.gen(function* () {
      const slow = yield* Deferred.make<void>()
      const desk = new AnswerDesk(
        fixture.heard,
        "n1",
        { ...env, ready: (channel) => (channel === "slow" ? Deferred.await(slow) : Effect.void) },
        (message) => {
          if (message._tag === "Answered") fixture.sent.push(message.answers)
        }
      )
      desk.asked([subscribe(0, "slow"), publish(1, "slow", "x"), subscribe(2, "fast")])
      yield* turn
      expect(fixture.sent.map((all) => all.map(({ id }) => id))).toEqual([[1, 2]])
      // Listened to from the beginning: what is published meanwhile is not missed.
      expect(fixture.heard.publications.length).toBe(1)
      yield* Deferred.succeed(slow, undefined)
      yield* turn
      expect(fixture.sent.at(-1)).toEqual([{ _tag: "Done", id: 0 }])
    }))

  test("that are asked twice listen once", ({ desk, heard }) =>
    Effect.gen(function* () {
      const { publish } = yield* Hub
      desk.asked([subscribe(0, "a"), subscribe(1, "a")])
      const { broker } = yield* makeEmbedded(publish)
      yield* broker.publish("a", Buffer.from("x"), { stream })
      expect(heard.publications.length).toBe(1)
      desk.asked([
        { _tag: "Unsubscribe", channel: "a" },
        { _tag: "Unsubscribe", channel: "a" }
      ])
      yield* broker.publish("a", Buffer.from("y"), { stream })
      expect(heard.publications.length).toBe(1)
    }))

  test("about presence are answered with who is there", ({ desk, sent }) =>
    Effect.gen(function* () {
      desk.asked([
        addPresence(0, "c1"),
        addPresence(1, "c2"),
        { _tag: "GetPresence", id: 2, channel: "a" },
        { _tag: "RemovePresence", id: 3, node: "n1", channel: "a", client: "c1" },
        { _tag: "CountPresence", id: 4, channel: "a" }
      ])
      yield* turn
      expect(sent[0]).toMatchObject([
        { _tag: "Done", id: 0 },
        { _tag: "Done", id: 1 },
        {
          _tag: "Clients",
          id: 2,
          clients: [
            ["c1", { user: "c1", client: "c1" }],
            ["c2", { user: "c2", client: "c2" }]
          ]
        },
        { _tag: "Done", id: 3 },
        { _tag: "Counted", id: 4, numClients: 1, numUsers: 1 }
      ])
    }))

  test("do not keep the message that they came in", ({ desk, env }) =>
    Effect.gen(function* () {
      const whole = Buffer.alloc(100_000, "1")
      const info = { user: "u", client: "c", connInfo: whole.subarray(5, 10), chanInfo: whole.subarray(0, 2) }
      desk.asked([
        { _tag: "AddPresence", id: 0, node: "n1", channel: "a", client: "c", info },
        {
          _tag: "Publish",
          id: 1,
          channel: "a",
          data: whole.subarray(20, 30),
          options: { stream, info }
        }
      ])
      const present = (yield* env.presence.get("a")).get("c")
      const { publications } = yield* env.broker.history("a", { limit: 1 }, stream)
      for (const bytes of [
        present?.connInfo,
        present?.chanInfo,
        publications[0]?.data,
        publications[0]?.info?.connInfo
      ])
        expect(bytes?.buffer.byteLength).toBeLessThan(100)
    }))

  test(
    "that fail are answered with why, and those that break with that",
    ({ desk, sent }) =>
      Effect.gen(function* () {
        desk.asked([history(0, "down"), history(1, "broken"), publish(2, "a", "x")])
        yield* turn
        expect(sent).toEqual([
          [
            { _tag: "Unavailable", id: 0, detail: "it is down" },
            { _tag: "Unavailable", id: 1, detail: "the primary failed unexpectedly" },
            { _tag: "Published", id: 2, offset: 0, epoch: "", isSuppressed: false }
          ]
        ])
      }),
    {
      broker: Broker.of({
        publish: () => Effect.succeed({ offset: 0, epoch: "", isSuppressed: false }),
        announce: () => Effect.void,
        subscribe: () => Effect.void,
        unsubscribe: () => Effect.void,
        history: (channel) =>
          channel === "down"
            ? Effect.fail(new BrokerUnavailable({ detail: "it is down" }))
            : Effect.die(new Error("a bug")),
        removeHistory: () => Effect.void
      })
    }
  )

  test(
    "of a client for another worker say whether there is one of that id",
    ({ desk, sent }) =>
      Effect.gen(function* () {
        const emulate = (id: number, node: string): Question => ({
          _tag: "Emulate",
          id,
          node,
          session: "s",
          data: Buffer.from("{}")
        })
        desk.asked([emulate(0, "n2"), emulate(1, "n3")])
        yield* turn
        expect(sent).toEqual([
          [
            { _tag: "Done", id: 0 },
            { _tag: "UnknownNode", id: 1 }
          ]
        ])
      }),
    { emulate: (node) => Effect.succeed(node === "n2") }
  )
})

describe("answers to a worker that does not read", () => {
  test("are short ones when too many bytes have not left, until they have", ({ desk, sent, leave }) =>
    Effect.gen(function* () {
      const half = "x".repeat(MAX_UNSENT_BYTES / 2)
      desk.asked([publish(0, "a", half), history(1, "a")])
      yield* turn
      desk.asked([history(2, "a"), { _tag: "CountPresence", id: 3, channel: "a" }, publish(4, "b", "y")])
      yield* turn
      expect(sent[1]).toMatchObject([
        { _tag: "Unavailable", id: 2, detail: "the worker does not read what it is answered" },
        { _tag: "Counted", id: 3 },
        { _tag: "Published", id: 4, offset: 1 }
      ])
      leave()
      desk.asked([history(5, "a")])
      yield* turn
      expect(sent[2]).toMatchObject([{ _tag: "History", id: 5, offset: 1 }])
    }))

  test("a single one may have more", ({ desk, sent, leave }) =>
    Effect.gen(function* () {
      desk.asked([publish(0, "a", "x".repeat(MAX_UNSENT_BYTES + 1))])
      yield* turn
      leave()
      desk.asked([history(1, "a"), history(2, "a")])
      yield* turn
      expect(sent[1]).toMatchObject([
        { _tag: "History", id: 1, offset: 1 },
        { _tag: "Unavailable", id: 2 }
      ])
    }))
})

describe("a worker that is gone", () => {
  test("listens to nothing, nobody of it is present, and what it had asked last is not done", ({
    desk,
    env,
    heard,
    sent
  }) =>
    Effect.gen(function* () {
      const interest: Array<string> = []
      env.hub.onInterest((channel, isWanted) => void interest.push(`${isWanted ? "+" : "-"}${channel}`))
      desk.asked([subscribe(0, "a"), subscribe(1, "b"), addPresence(2, "c1")])
      yield* env.presence.add("n2", "a", "other", { user: "o", client: "other" })
      yield* desk.close
      desk.asked([subscribe(3, "c"), addPresence(4, "c2"), publish(5, "a", "late")])
      expect(interest).toEqual(["+a", "+b", "-a", "-b"])
      expect([...(yield* env.presence.get("a")).keys()]).toEqual(["other"])
      yield* env.broker.publish("a", Buffer.from("x"), { stream })
      expect(heard.publications).toEqual([])
      expect((yield* env.broker.history("a", { limit: -1 }, stream)).offset).toBe(1)
      yield* turn
      expect(sent.flat().every(({ id }) => id < 3)).toBe(true)
    }))
})
