/** Publishing into streams of a real server: every message gets one answer, whatever happens. */
import { StorageType } from "@nats-io/jetstream"
import type { Msg } from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import type { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import type { PublishConditions, PublishOutcome } from "../../../src/services/nats/StreamPublisher.ts"
import { badHeaders } from "../../support/nats/badHeaders.ts"
import { NatsProxy } from "../../support/nats/NatsProxy.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"
import { linkTo } from "../../support/nats/natsLink.ts"
import { untilUp } from "../../support/nats/untilUp.ts"

type Link = NatsLink["Service"]

const BYTES = new Uint8Array([1, 2, 3])

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

/** Fails where it is answered before it has returned. */
const publish = ({ streams }: Link, subject: string, conditions: PublishConditions, bytes = BYTES) =>
  Effect.callback<PublishOutcome>((resume) => {
    let hasReturned = false
    streams.publish(subject, bytes, conditions, (outcome) =>
      resume(hasReturned ? Effect.succeed(outcome) : Effect.die(new Error("answered from within")))
    )
    hasReturned = true
  })

const detailOf = (outcome: PublishOutcome): string =>
  outcome._tag === "unknown" ? outcome.error.detail : `${outcome._tag}, which is known`

const stored = (seq: number, isRepeated = false): PublishOutcome => ({ _tag: "stored", seq, isRepeated })

const stream = ({ manager }: Link) =>
  Effect.promise(() =>
    manager.streams.add({ name: "s", subjects: ["s.*"], storage: StorageType.Memory, max_msg_size: 100 })
  )

const quick = { reconnectWait: 20, reconnectJitter: 0 }

describe.skipIf(noNatsServer !== undefined)(`publishing into streams of NATS ${noNatsServer ?? ""}`, () => {
  it("says what became of a message: stored, stored before, refused, or that there is no stream", () =>
    run(
      Effect.gen(function* () {
        const link = yield* linkTo([yield* startNats()])
        yield* stream(link)
        expect(yield* publish(link, "s.a", { expected: 0 })).toEqual(stored(1))
        expect(yield* publish(link, "s.a", { expected: 1, id: "once" })).toEqual(stored(2))
        expect(yield* publish(link, "s.a", { expected: 2, id: "once" })).toEqual(stored(2, true))
        const refused = yield* publish(link, "s.a", { expected: 1 })
        expect(refused).toMatchObject({ _tag: "refused", error: { code: 10071 } })
        const large = yield* publish(link, "s.a", { expected: 2 }, new Uint8Array(200))
        expect(large).toMatchObject({ _tag: "refused", error: { code: 10054 } })
        expect(yield* publish(link, "none.a", { expected: 0 })).toEqual({ _tag: "nowhere" })
        const message = yield* Effect.promise(() => link.manager.streams.getMessage("s", { seq: 2 }))
        expect(message?.data).toEqual(BYTES)
      })
    ))

  it("many that are under way at once get the answers that are theirs", () =>
    run(
      Effect.gen(function* () {
        const link = yield* linkTo([yield* startNats()])
        yield* stream(link)
        const all = Array.from({ length: 500 }, (_, at) => at)
        const outcomes = yield* Effect.forEach(
          all,
          (at) => publish(link, `s.${at}`, { expected: at % 2 === 0 ? 0 : 7 }),
          { concurrency: "unbounded" }
        )
        expect(outcomes.map(({ _tag }) => _tag)).toEqual(
          all.map((at) => (at % 2 === 0 ? "stored" : "refused"))
        )
        const sequences = outcomes.flatMap((outcome) => (outcome._tag === "stored" ? [outcome.seq] : []))
        expect(sequences).toEqual(Array.from({ length: 250 }, (_, at) => at + 1))
      })
    ))

  it("an answer that is none is not taken for one", () =>
    run(
      Effect.gen(function* () {
        const link = yield* linkTo([yield* startNats()])
        for (const [subject, answer] of [
          ["odd.text", "no JSON"],
          ["odd.null", "null"],
          ["odd.object", `{"seq":"1"}`],
          ["odd.empty", ""]
        ] as const) {
          link.connection.subscribe(subject, { callback: (_, message) => void message.respond(answer) })
          expect(detailOf(yield* publish(link, subject, { expected: 0 })), subject).toMatch(/cannot be read/)
        }
        link.connection.subscribe("odd.headers", {
          callback: (_, message) => void message.respond("", { headers: badHeaders() })
        })
        expect(detailOf(yield* publish(link, "odd.headers", { expected: 0 }))).toMatch(/cannot be read/)
        yield* link.flushed
      })
    ))

  it("without an answer each is over in its time, and a late answer is nobody's", () =>
    run(
      Effect.gen(function* () {
        const link = yield* linkTo([yield* startNats()])
        const asked: Array<Msg> = []
        link.connection.subscribe("slow.*", { callback: (_, message) => void asked.push(message) })
        const subjects = ["slow.a", "slow.b", "slow.c"]
        const timedOut = Effect.fnUntraced(function* (subject: string) {
          const publishing = yield* Effect.forkChild(publish(link, subject, { expected: 0 }), {
            startImmediately: true
          })
          yield* TestClock.adjust(link.requestTimeoutMs)
          return yield* Fiber.join(publishing)
        })
        const late = yield* Effect.forEach(subjects, timedOut)
        expect(late.map(detailOf)).toEqual(subjects.map(() => expect.stringMatching(/timeout/)))
        const answered: Array<PublishOutcome> = []
        link.streams.publish("slow.d", BYTES, { expected: 0 }, (outcome) => void answered.push(outcome))
        yield* link.flushed
        expect(asked.map(({ subject }) => subject)).toEqual([...subjects, "slow.d"])
        for (const message of [...asked, ...asked]) message.respond(`{"stream":"s","seq":4}`)
        yield* link.flushed
        expect(answered).toEqual([stored(4)])
        expect(detailOf(yield* timedOut("slow.e"))).toMatch(/timeout/)
      }).pipe(Effect.provide(TestClock.layer()))
    ))

  it("what is under way when the connection is lost is over, what comes then is not sent; then it goes on", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const proxy = yield* NatsProxy.before(server)
        const link = yield* linkTo([proxy], quick)
        yield* stream(link)
        proxy.loseAnswers()
        const underWay = yield* Effect.forkChild(publish(link, "s.a", { expected: 0 }), {
          startImmediately: true
        })
        proxy.cut()
        expect(detailOf(yield* Fiber.join(underWay))).toMatch(/was lost/)
        expect(link.isUp()).toBe(false)
        expect(detailOf(yield* publish(link, "s.b", { expected: 0 }))).toMatch(/there is no connection/)
        proxy.restore()
        yield* untilUp(link, true)
        expect(yield* publish(link, "s.c", { expected: 0 })).toMatchObject({ _tag: "stored" })
      })
    ))

  it("what may not be published is refused at once, and answers that may not be heard are not waited for", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats({
          configuration: `authorization { users: [
            { user: mute, password: p, permissions: { publish: { deny: ["s.denied"] } } },
            { user: deaf, password: p, permissions: { subscribe: { deny: ["_INBOX.>"] } } }
          ] }`
        })
        const mute = yield* linkTo([server], { user: "mute", password: "p" })
        yield* stream(mute)
        expect(detailOf(yield* publish(mute, "s.denied", { expected: 0 }))).toMatch(
          /[Pp]ermissions? [Vv]iolation/
        )
        expect(yield* publish(mute, "s.a", { expected: 0 })).toEqual(stored(1))
        const deaf = yield* linkTo([server], { user: "deaf", password: "p" })
        for (const subject of ["s.b", "s.c"])
          expect(detailOf(yield* publish(deaf, subject, { expected: 0 }))).toMatch(
            /[Pp]ermissions? [Vv]iolation/
          )
      })
    ))

  it("more than a message of the server holds is not sent", () =>
    run(
      Effect.gen(function* () {
        const link = yield* linkTo([yield* startNats({ configuration: "max_payload: 1024" })])
        expect(detailOf(yield* publish(link, "s.a", { expected: 0 }, new Uint8Array(2000)))).toMatch(
          /max_payload/
        )
      })
    ))
})
