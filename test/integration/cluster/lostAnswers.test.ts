import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Broker, BrokerUnavailable, type PublishOptions } from "../../../src/services/broker/Broker.ts"
import { layerCounted } from "../../../src/services/cluster/countedBroker.ts"
import { NodeReceipts } from "../../../src/services/cluster/NodeReceipts.ts"
import { Hub } from "../../../src/services/Hub.ts"
import type { Delivery } from "../../../src/services/hot/Publication.ts"
import {
  type Earlier,
  type OpenReceipt,
  type Receipt,
  Receipts
} from "../../../src/services/receipts/Receipts.ts"
import * as StoredReceipts from "../../../src/services/receipts/StoredReceipts.ts"
import { layerMemory } from "../../../src/services/store/MemoryStore.ts"
import { startNodes } from "../../support/cluster/nodes.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const services = Layer.provide(NodeReceipts.layer(StoredReceipts.layer), layerMemory)

const LOST = Effect.fail(new BrokerUnavailable({ detail: "the answer got lost" }))
const SUPPRESSED = Effect.succeed({ offset: 1, epoch: "e", isSuppressed: true })

const notice = { id: "r", acknowledging: undefined }

const deliver = (delivery: Delivery, written: number): void => {
  delivery.expect(1)
  delivery.add(written, written, 0, 1, 1)
}

/**
 * Two nodes: the first publishes in "room", where NATS has each answer of these in turn; the other has 7 connections that get it. `comesBack`: the
 * publication reaches the first one's 10 connections before the first answer.
 */
const world = Effect.fnUntraced(function* (
  answers: Array<typeof LOST | typeof SUPPRESSED>,
  comesBack: boolean,
  earlier?: Earlier
) {
  const [a, b] = yield* startNodes([yield* startNats()], 2, services)
  const hub = Context.get(a!.context, Hub)
  hub.listen("room", { size: 10, offer: () => true })
  let attempts = 0
  const publish = (_channel: string, _data: Uint8Array, { delivery }: PublishOptions) =>
    Effect.suspend(() => {
      if (attempts++ === 0) {
        if (comesBack) deliver(delivery!, 10)
        if (earlier === undefined)
          deliver(Context.get(b!.context, NodeReceipts).foreign(notice, a!.uid, "room"), 7)
      }
      return answers.shift()!
    })
  const broker = Context.get(
    yield* Layer.build(
      layerCounted(Layer.succeed(Broker, { publish } as unknown as Broker["Service"])).pipe(
        Layer.provide(Layer.succeedContext(a!.context))
      )
    ),
    Broker
  )
  const receipt = Context.get(a!.context, Receipts).open(
    { id: "r", kind: "broadcast", channels: ["room"] },
    earlier
  )
  const delivery = receipt.delivery()
  const attempt = broker.publish("room", Buffer.from("x"), { stream: undefined, delivery })
  return { receipt, delivery, attempt }
})

const final = (receipt: OpenReceipt) =>
  Effect.callback<Receipt>((resume) => receipt.seal((last) => resume(Effect.succeed(last))))

describe.skipIf(noNatsServer !== undefined)(
  `publications whose answer got lost ${noNatsServer ?? ""}`,
  () => {
    it("and were published are counted in all nodes", () =>
      run(
        Effect.gen(function* () {
          const { receipt, delivery, attempt } = yield* world([LOST, SUPPRESSED], true)
          yield* Effect.retry(attempt, { times: 1 })
          receipt.withdraw(delivery)
          const last = yield* final(receipt)
          expect(last).toMatchObject({ eligible: 17, isComplete: true })
          expect(last.missing).toBeUndefined()
        })
      ))

    it("are counted in all nodes where they have come, also if nobody tries again", () =>
      run(
        Effect.gen(function* () {
          const { receipt, delivery, attempt } = yield* world([LOST], true)
          yield* Effect.flip(attempt)
          receipt.withdraw(delivery)
          const last = yield* final(receipt)
          expect(last).toMatchObject({ eligible: 17, isComplete: true })
          expect(last.missing).toBeUndefined()
        })
      ))

    it("and did not come back to who published them are counted elsewhere, and that one is named", () =>
      run(
        Effect.gen(function* () {
          const { receipt, delivery, attempt } = yield* world([LOST, SUPPRESSED], false)
          yield* Effect.retry(attempt, { times: 1 })
          receipt.withdraw(delivery)
          expect(yield* final(receipt)).toMatchObject({ eligible: 7, missing: ["node-0"] })
        })
      ))

    it("are not taken for published where they were before, by somebody else", () =>
      run(
        Effect.gen(function* () {
          const { receipt, delivery, attempt } = yield* world([SUPPRESSED], false)
          yield* attempt
          receipt.withdraw(delivery)
          expect(yield* final(receipt)).toMatchObject({ eligible: 0 })
        })
      ))

    it("nor where an earlier process may have published them", () =>
      run(
        Effect.gen(function* () {
          const { receipt, delivery, attempt } = yield* world([LOST, SUPPRESSED], false, {
            receipt: undefined
          })
          yield* Effect.retry(attempt, { times: 1 })
          receipt.withdraw(delivery)
          const last = yield* final(receipt)
          expect(last).toMatchObject({ eligible: 0, isComplete: false })
          expect(last.missing).toBeUndefined()
        })
      ))
  }
)

describe.skipIf(noNatsServer !== undefined)(`receipts of one id in two nodes ${noNatsServer ?? ""}`, () => {
  it("the complete one is found in both, and acknowledgements go to the node that published last", () =>
    run(
      Effect.gen(function* () {
        const [a, b] = yield* startNodes([yield* startNats()], 2, services)
        const [ofA, ofB] = [Context.get(a!.context, Receipts), Context.get(b!.context, Receipts)]
        const subject = { id: "r", kind: "broadcast", channels: ["room"] } as const
        // Begun in one, which does not end it.
        const left = ofA.open(subject)
        deliver(left.delivery(), 1)
        expect(yield* ofA.get("r")).toMatchObject({ eligible: 1, isComplete: false })
        // The other one's, which came here before.
        const foreign = { ...notice, acknowledging: { life: 1, within: 60_000 } }
        Context.get(b!.context, NodeReceipts).foreign(foreign, a!.uid, "room")
        const again = ofB.open(subject)
        const delivery = again.delivery()
        deliver(delivery, 2)
        expect(again.withdraw(delivery)).toBe(false)
        ofB.acknowledged("r", 3)
        again.seal()
        for (const receipts of [ofA, ofB])
          expect(yield* receipts.get("r")).toMatchObject({ eligible: 2, isComplete: true, acked: 3 })
      })
    ))
})
