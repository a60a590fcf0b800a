/** Receipts in memory while they grow, and in the store afterwards. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { Hub } from "../Hub.ts"
import { BROADCAST_CHANNEL } from "../hot/ChannelEvent.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { Store } from "../store/Store.ts"
import { GrowingReceipt, type ReceiptKeeper } from "./GrowingReceipt.ts"
import { Receipts } from "./Receipts.ts"
import { ReceiptTable } from "./ReceiptTable.ts"
import { makeWriter } from "./ReceiptWriter.ts"
import { receiptPage } from "./receiptPage.ts"
import { receiptSamples, timeToLastWrite } from "./receiptSamples.ts"

/** Between two looks for receipts that were kept long enough. */
const SWEEP_INTERVAL = "1 minute"

const make = Effect.gen(function* () {
  const { receipts: config } = yield* ServerConfig
  const hub = yield* Hub
  const now = yield* makeNow
  const context = yield* Effect.context<never>()
  const table = new ReceiptTable(yield* Store)
  /** By id: those of which nothing is published yet, and those whose publications are under way. Bounded by what may be under way. */
  const fresh = new Map<string, GrowingReceipt>()
  const open = new Map<string, GrowingReceipt>()
  const bounds = { max: config.max, retentionMs: Duration.toMillis(config.retention) }
  const writer = yield* makeWriter(table, bounds, now, () => open.values())
  yield* forkLongLived(
    "receipts' sweep",
    Effect.forever(Effect.andThen(writer.sweep, Effect.sleep(SWEEP_INTERVAL)))
  )
  const completed = { broadcast: 0, schedule: 0 }
  let acked = 0

  /** Unless another one took its place. */
  const remove = (receipts: Map<string, GrowingReceipt>, receipt: GrowingReceipt) => {
    if (receipts.get(receipt.id) === receipt) receipts.delete(receipt.id)
  }
  const keeper: ReceiptKeeper = {
    begun: (receipt) => {
      remove(fresh, receipt)
      open.set(receipt.id, receipt)
      writer.add(receipt)
    },
    completed: (receipt) => {
      remove(open, receipt)
      completed[receipt.subject.kind]++
      const { timeToLastWriteMs } = receipt.receipt()
      if (timeToLastWriteMs !== null) timeToLastWrite.updateUnsafe(timeToLastWriteMs / 1000, context)
      writer.add(receipt)
    },
    vanished: (receipt) => remove(fresh, receipt)
  }
  yield* (yield* Metrics).register(
    Effect.sync(() => {
      const { kept, waiting, unwritten } = writer
      return receiptSamples({
        open: fresh.size + open.size,
        kept,
        waiting: waiting.size,
        unwritten,
        completed,
        acked
      })
    })
  )

  const inMemory = (id: string) => open.get(id) ?? writer.waiting.get(id) ?? fresh.get(id)
  return Receipts.of({
    open: (subject) => {
      const isForEveryone = subject.channels.includes(BROADCAST_CHANNEL)
      const lost = isForEveryone ? hub.takeLost() : 0
      const receipt = new GrowingReceipt(subject, now(), lost, undefined, keeper)
      fresh.set(subject.id, receipt)
      return receipt
    },
    get: (id) =>
      Effect.suspend(() => {
        const growing = inMemory(id)
        return growing === undefined ? table.get(id) : Effect.succeed(growing.receipt())
      }),
    list: (filter) =>
      Effect.suspend(() => receiptPage(table, new Map([...fresh, ...writer.waiting, ...open]), filter)),
    acknowledged: (id, connections) => {
      const receipt = inMemory(id)
      if (receipt === undefined) return
      receipt.acked += connections
      acked += connections
    }
  })
})

export const layer = Layer.effect(Receipts, make)
