/**
 * Publishing to everyone: the way in for embedding programs, the broadcast timer and the API.
 *
 * Guarantees: each connection gets each broadcast at most once, and broadcasts in the order of their calls. The receipt accounts for
 * everyone: eligible = written + dropped + closed. `written` means handed to the kernel, or to the connection's bounded send
 * buffer: not that the client has read it.
 */
import { isUtf8 } from "node:buffer"
import { randomUUID } from "node:crypto"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { Hub } from "./Hub.ts"
import { Delivery, type DeliveryCounts, type WorkerDelivery } from "./hot/Publication.ts"
import { Metrics } from "./Metrics.ts"
import { makeNow } from "./now.ts"
import { broadcastSamples, channelSamples } from "./serviceMetrics.ts"

/** When a broadcast was written: milliseconds since the epoch, with fractions; null when nobody was written to. */
export interface WriteTimes {
  readonly firstWriteAt: number | null
  readonly lastWriteAt: number | null
  /** From publishing to the last write, in ms. */
  readonly timeToLastWriteMs: number | null
}

/** What became of a broadcast in one worker process. */
export interface WorkerReceipt extends DeliveryCounts, WriteTimes {
  /** "worker-0" */
  readonly worker: string
}

/** What became of a broadcast. */
export interface Receipt extends DeliveryCounts, WriteTimes {
  readonly id: string
  /** Milliseconds since the epoch, with fractions. */
  readonly publishedAt: number
  /** Connections that ended with a worker process that died since the broadcast before: they were not there to be asked. */
  readonly lost: number
  /** The parts of the workers; empty where one process serves. */
  readonly workers: ReadonlyArray<WorkerReceipt>
}

/** Bytes to be sent as text that are not UTF-8: clients would have to close the connection. */
export class NotUtf8 extends Data.TaggedError("NotUtf8")<{ readonly bytes: number }> {
  override get message(): string {
    return `these ${this.bytes} bytes are not UTF-8; publish them as binary`
  }
}

/** Numbers of all broadcasts since start, read by metrics when they are asked for. */
export class BroadcastTotals {
  broadcasts = 0
  written = 0
  dropped = 0
  closed = 0

  add(delivery: Delivery): void {
    this.broadcasts++
    this.written += delivery.written
    this.dropped += delivery.dropped
    this.closed += delivery.closed
  }
}

/** Seconds from publishing to the last write, one value for each broadcast that was written to anyone. */
export const timeToLastWrite = Metric.histogram("clarion_broadcast_last_write_seconds", {
  description: "Seconds from publishing a broadcast to the last write",
  boundaries: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
})

export interface BroadcastOptions {
  /** Name of the broadcast in its receipt; a fresh UUID without it. */
  readonly id?: string
  /** True: a binary frame. Text otherwise. */
  readonly isBinary?: boolean
}

export class Publisher extends Context.Service<
  Publisher,
  {
    /** Sends to every connection and waits for the receipt. The bytes must not be changed afterwards. */
    readonly broadcast: (
      data: string | Uint8Array,
      options?: BroadcastOptions
    ) => Effect.Effect<Receipt, NotUtf8>
    /** The same from a callback: no receipt, no check of text, and counted alike. */
    readonly broadcastUnsafe: (data: Uint8Array, isBinary: boolean) => void
    /** Live connections now. */
    readonly connections: Effect.Effect<number>
    readonly totals: Readonly<BroadcastTotals>
    /** Completes when no broadcast is under way. */
    readonly settled: Effect.Effect<void>
  }
>()("clarion/services/Publisher") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const hub = yield* Hub
      const totals = new BroadcastTotals()
      yield* (yield* Metrics).register(
        Effect.sync(() => [...broadcastSamples(totals), ...channelSamples(hub.channelTotals)])
      )
      const context = yield* Effect.context<never>()
      const underWay = new Set<Delivery>()
      const onSettled = new Set<() => void>()
      const now = yield* makeNow

      const start = (
        data: Uint8Array,
        isBinary: boolean,
        done: (delivery: Delivery, publishedAt: number) => void
      ) => {
        const delivery = new Delivery()
        const publishedAt = now()
        underWay.add(delivery)
        delivery.onComplete = () => {
          underWay.delete(delivery)
          totals.add(delivery)
          if (delivery.written > 0)
            timeToLastWrite.updateUnsafe((delivery.lastWriteAt - publishedAt) / 1000, context)
          done(delivery, publishedAt)
          if (underWay.size === 0) for (const settled of onSettled) settled()
        }
        hub.publish({ data, isBinary, delivery })
      }
      return Publisher.of({
        broadcast: (data, { id = randomUUID(), isBinary = false } = {}) =>
          Effect.suspend(() => {
            const bytes = typeof data === "string" ? Buffer.from(data) : data
            if (!isBinary && typeof data !== "string" && !isUtf8(bytes)) {
              return Effect.fail(new NotUtf8({ bytes: bytes.length }))
            }
            return Effect.callback<Receipt>((resume) => {
              const lost = hub.takeLost()
              start(bytes, isBinary, (delivery, publishedAt) =>
                resume(Effect.succeed(receipt(id, delivery, publishedAt, lost)))
              )
            })
          }),
        broadcastUnsafe: (data, isBinary) => start(data, isBinary, ignore),
        connections: Effect.sync(() => hub.size()),
        totals,
        settled: Effect.callback<void>((resume) => {
          const settled = () => {
            onSettled.delete(settled)
            resume(Effect.void)
          }
          if (underWay.size === 0) settled()
          else onSettled.add(settled)
          return Effect.sync(() => void onSettled.delete(settled))
        })
      })
    })
  )
}

const ignore = () => {}

const counts = ({ eligible, written, dropped, closed }: DeliveryCounts): DeliveryCounts => ({
  eligible,
  written,
  dropped,
  closed
})

const writeTimes = (
  { firstWriteAt, lastWriteAt }: Pick<Delivery, "firstWriteAt" | "lastWriteAt">,
  publishedAt: number
): WriteTimes => {
  const known = (at: number) => (Number.isNaN(at) ? null : at)
  return {
    firstWriteAt: known(firstWriteAt),
    lastWriteAt: known(lastWriteAt),
    timeToLastWriteMs: known(lastWriteAt - publishedAt)
  }
}

const workerReceipt = (part: WorkerDelivery, publishedAt: number): WorkerReceipt => ({
  worker: part.worker,
  ...counts(part),
  ...writeTimes(part, publishedAt)
})

const receipt = (id: string, delivery: Delivery, publishedAt: number, lost: number): Receipt => ({
  id,
  ...counts(delivery),
  publishedAt,
  ...writeTimes(delivery, publishedAt),
  lost,
  workers: delivery.workers.map((part) => workerReceipt(part, publishedAt))
})
