/** Receipts in memory while they grow, and in the store afterwards. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { Hub } from "../Hub.ts"
import { BROADCAST_CHANNEL } from "../hot/ChannelEvent.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { Store } from "../store/Store.ts"
import { Acknowledgements } from "./AckDesk.ts"
import type { GrowingReceipt } from "./GrowingReceipt.ts"
import { GrowingReceipts } from "./GrowingReceipts.ts"
import { isReceiptId, type Receipt, Receipts } from "./Receipts.ts"
import { ReceiptTable } from "./ReceiptTable.ts"
import { makeWriter } from "./ReceiptWriter.ts"
import { receiptPage } from "./receiptPage.ts"
import { receiptAnnotations, receiptSamples, timeToLastWrite } from "./receiptSamples.ts"

/** Between two looks for receipts that were kept long enough, and for those whose time to be acknowledged is over. */
const SWEEP_INTERVAL = "1 minute"
const EXPIRY_INTERVAL = "1 second"

/** What is told of a receipt that is final: metrics, and, of broadcasts, a line of the log; runs are logged by the scheduler. */
const makeTell = Effect.gen(function* () {
  const hub = yield* Hub
  const context = yield* Effect.context<never>()
  const fork = Effect.runForkWith(context)
  const level = yield* References.MinimumLogLevel
  const isLogged = level === "All" || level === "Trace" || level === "Debug"
  const log = (receipt: Receipt) =>
    Effect.logDebug(`receipt ${receipt.id}`).pipe(Effect.annotateLogs(receiptAnnotations(receipt)))
  return (growing: GrowingReceipt) => {
    const { timeToLastWriteMs } = growing.times
    if (timeToLastWriteMs !== null) {
      hub.newest.timeToLastWriteMs = timeToLastWriteMs
      timeToLastWrite.updateUnsafe(timeToLastWriteMs / 1000, context)
    }
    if (isLogged && growing.subject.kind === "broadcast") fork(log(growing.receipt()))
  }
})

const make = Effect.gen(function* () {
  const { receipts: config } = yield* ServerConfig
  const hub = yield* Hub
  const now = yield* makeNow
  const desk = yield* Acknowledgements
  const table = new ReceiptTable(yield* Store)
  const bounds = { max: config.max, retentionMs: Duration.toMillis(config.retention) }
  const writer = yield* makeWriter(table, bounds, now, () => growing.unfinished)
  const within = config.acknowledgement ? Duration.toMillis(config.acknowledgeWithin) : undefined
  const growing: GrowingReceipts = new GrowingReceipts(writer, now, within, desk, yield* makeTell)
  if (desk !== undefined) desk.onCounted = (id) => growing.acknowledged(id, 1)

  yield* forkLongLived(
    "receipts' sweep",
    Effect.forever(Effect.andThen(writer.sweep, Effect.sleep(SWEEP_INTERVAL)))
  )
  const expire = Effect.sync(() => growing.expire())
  if (within !== undefined)
    yield* forkLongLived(
      "receipts' acknowledgements",
      Effect.forever(Effect.andThen(Effect.sleep(EXPIRY_INTERVAL), expire))
    )
  yield* (yield* Metrics).register(
    Effect.sync(() => {
      const { kept, waiting, unwritten } = writer
      const { size: open, counts: completed, acked } = growing
      return receiptSamples({ open, kept, waiting: waiting.size, unwritten, completed, acked })
    })
  )
  return Receipts.of({
    open: (subject, earlier) => {
      const isForEveryone = subject.channels.includes(BROADCAST_CHANNEL)
      return growing.open(subject, isForEveryone ? hub.takeLost() : 0, earlier)
    },
    get: (id) =>
      Effect.suspend(() => {
        const found = growing.get(id)
        if (found !== undefined) return Effect.succeed(found.receipt())
        return isReceiptId(id) ? table.get(id) : Effect.succeed(undefined)
      }),
    list: (filter) => Effect.suspend(() => receiptPage(table, growing.all, filter)),
    version: () => growing.version,
    acknowledged: (id, connections) => growing.acknowledged(id, connections)
  })
})

export const layer = Layer.effect(Receipts, make)
