/** Which channels the broker is asked for, and who waits for its word. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { type Broker, BrokerUnavailable } from "../../../../src/services/broker/Broker.ts"
import { Hub, type HubMember } from "../../../../src/services/Hub.ts"
import { Interest } from "../../../../src/services/sessions/Interest.ts"

const member = (): HubMember => ({ size: 0, offer: () => true })

/** A hub, and a broker whose answers a test gives. */
const setUp = Effect.gen(function* () {
  const hub = yield* Hub
  const calls: Array<string> = []
  const answers: Array<Deferred.Deferred<void, BrokerUnavailable>> = []
  const broker = {
    subscribe: (channel: string) =>
      Effect.suspend(() => {
        calls.push(`+${channel}`)
        const answer = Deferred.makeUnsafe<void, BrokerUnavailable>()
        answers.push(answer)
        return Deferred.await(answer)
      }),
    unsubscribe: (channel: string) => Effect.sync(() => void calls.push(`-${channel}`))
  } as unknown as Broker["Service"]
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const interest = new Interest(hub, broker, fork)
  const agree = (at: number) => Deferred.doneUnsafe(answers[at]!, Effect.void)
  const fail = (at: number) =>
    Deferred.doneUnsafe(answers[at]!, Effect.fail(new BrokerUnavailable({ detail: "down" })))
  /** "waits", "agreed", "failed", now. */
  const wait = (channel: string) => {
    const fiber = fork(interest.ready(channel))
    return () => {
      const exit = fiber.pollUnsafe()
      return exit === undefined ? "waits" : exit._tag === "Success" ? "agreed" : "failed"
    }
  }
  return { hub, interest, calls, agree, fail, wait }
}).pipe(Effect.provide(Hub.layer))

type World = Effect.Success<typeof setUp>

const test = (use: (world: World) => Effect.Effect<void>) => () =>
  Effect.runPromise(Effect.flatMap(setUp, use))
/** Observers of fibers have had their turn. */
const settled = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("the broker", () => {
  it(
    "is asked for a channel when the first comes, and told when the last goes",
    test(({ hub, calls, agree }) =>
      Effect.sync(() => {
        const [one, other] = [member(), member()]
        hub.listen("a", one)
        hub.listen("a", other)
        hub.listen("b", one)
        agree(0)
        hub.ignore("a", one)
        expect(calls).toEqual(["+a", "+b"])
        hub.ignore("a", other)
        hub.listen("a", one)
        expect(calls).toEqual(["+a", "+b", "-a", "+a"])
      })
    )
  )
})

describe("who subscribes", () => {
  it(
    "waits until the broker has agreed",
    test(({ hub, calls, agree, wait }) =>
      Effect.gen(function* () {
        hub.listen("a", member())
        const [one, other] = [wait("a"), wait("a")]
        expect([one(), other()]).toEqual(["waits", "waits"])
        agree(0)
        yield* settled
        expect([one(), other(), wait("a")()]).toEqual(["agreed", "agreed", "agreed"])
        expect(calls).toEqual(["+a"])
      })
    )
  )

  it(
    "fails with the broker, and who comes later asks again",
    test(({ hub, calls, agree, fail, wait }) =>
      Effect.gen(function* () {
        hub.listen("a", member())
        const one = wait("a")
        fail(0)
        yield* settled
        expect(one()).toBe("failed")
        const [second, third] = [wait("a"), wait("a")]
        expect(calls).toEqual(["+a", "+a"])
        agree(1)
        yield* settled
        expect([second(), third(), wait("a")()]).toEqual(["agreed", "agreed", "agreed"])
      })
    )
  )

  it(
    "waits for the word that was asked for last",
    test(({ hub, agree, wait }) =>
      Effect.gen(function* () {
        const one = member()
        hub.listen("a", one)
        hub.ignore("a", one)
        hub.listen("a", one)
        const waiting = wait("a")
        agree(0)
        yield* settled
        expect(waiting()).toBe("waits")
        agree(1)
        yield* settled
        expect(waiting()).toBe("agreed")
      })
    )
  )

  it(
    "may stop to wait without harm to others",
    test(({ hub, interest, agree, wait }) =>
      Effect.gen(function* () {
        hub.listen("a", member())
        const impatient = yield* Effect.forkChild(interest.ready("a"))
        const patient = wait("a")
        yield* settled
        yield* Fiber.interrupt(impatient)
        agree(0)
        yield* settled
        expect(patient()).toBe("agreed")
      })
    )
  )
})
