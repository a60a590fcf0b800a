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
import type { AnySpan } from "effect/Tracer"
import type { BrokerUnavailable } from "./broker/Broker.ts"
import { Hub } from "./Hub.ts"
import { BROADCAST_CHANNEL } from "./hot/ChannelEvent.ts"
import { Delivery, type Frame } from "./hot/Publication.ts"
import { Metrics } from "./Metrics.ts"
import { makeNow } from "./now.ts"
import { type Receipt, Receipts } from "./receipts/Receipts.ts"
import { timeToLastWrite } from "./receipts/receiptSamples.ts"
import { broadcastSamples, channelSamples } from "./serviceMetrics.ts"
import { currentSpan } from "./tracing/PublicationTracer.ts"
import { Tracing } from "./tracing/Tracing.ts"

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
  slow = 0
  mailbox = 0
  closed = 0

  add(delivery: Delivery): void {
    this.broadcasts++
    this.written += delivery.written
    this.slow += delivery.slow
    this.mailbox += delivery.mailbox
    this.closed += delivery.closed
  }
}

export interface BroadcastOptions {
  /** Name of the broadcast in its receipt; a fresh UUID without it. */
  readonly id?: string
  /** True: a binary frame. Text otherwise. */
  readonly isBinary?: boolean
}

/** The other nodes of a cluster, whose raw connections hear what everyone hears. */
export interface Others {
  /** Why they cannot be told now; undefined: they can. */
  readonly refusal: () => BrokerUnavailable | undefined
  /** Sends a frame to all of them; what becomes of it there comes into the receipt that the delivery is of. False where they cannot be told. */
  readonly tell: (frame: Frame, delivery: Delivery) => boolean
  /** From now on told of the frames of others. Once. */
  readonly hear: (heard: (frame: Frame, delivery: Delivery) => void) => void
  /** Live connections of all nodes, with this one. */
  readonly connections: () => number
}

/** Undefined: this node is the only one. */
export const Others = Context.Reference<Others | undefined>("clarion/services/Others", {
  defaultValue: () => undefined
})

/** Every raw connection hears this channel. */
const EVERYONE = [BROADCAST_CHANNEL]

export class Publisher extends Context.Service<
  Publisher,
  {
    /**
     * Sends to every connection of all nodes and waits for the receipt. The bytes must not be changed afterwards. While other nodes cannot be
     * reached nobody gets anything.
     */
    readonly broadcast: (
      data: string | Uint8Array,
      options?: BroadcastOptions
    ) => Effect.Effect<Receipt, NotUtf8 | BrokerUnavailable>
    /**
     * The same from a callback: no receipt, no check of text, and counted alike. While other nodes cannot be reached it goes to the connections
     * of this one.
     */
    readonly broadcastUnsafe: (data: Uint8Array, isBinary: boolean) => void
    /** Live connections now, of all nodes. */
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
      const receipts = yield* Receipts
      const totals = new BroadcastTotals()
      yield* (yield* Metrics).register(
        Effect.sync(() => [...broadcastSamples(totals), ...channelSamples(hub.channelTotals)])
      )
      const context = yield* Effect.context<never>()
      const underWay = new Set<Delivery>()
      const onSettled = new Set<() => void>()
      const now = yield* makeNow
      const tracer = yield* Tracing
      const others = yield* Others

      /** One function for all: what completes is `this`. */
      function complete(this: Delivery) {
        underWay.delete(this)
        totals.add(this)
        if (underWay.size === 0) for (const settled of onSettled) settled()
      }
      const startHere = ({ data, isBinary }: Frame, delivery: Delivery) => {
        underWay.add(delivery)
        delivery.onComplete ??= complete
        hub.publish({ data, isBinary, delivery })
      }
      const start = (data: Uint8Array, isBinary: boolean, delivery: Delivery) => {
        const frame = { data, isBinary }
        others?.tell(frame, delivery)
        startHere(frame, delivery)
      }
      others?.hear(startHere)
      /** @param above the span in which it is called, where publications are traced */
      const broadcast = (
        data: string | Uint8Array,
        { id = randomUUID(), isBinary = false }: BroadcastOptions = {},
        above?: AnySpan
      ) =>
        Effect.suspend((): Effect.Effect<Receipt, NotUtf8 | BrokerUnavailable> => {
          const bytes = typeof data === "string" ? Buffer.from(data) : data
          if (!isBinary && typeof data !== "string" && !isUtf8(bytes)) {
            return Effect.fail(new NotUtf8({ bytes: bytes.length }))
          }
          const refusal = others?.refusal()
          if (refusal !== undefined) return Effect.fail(refusal)
          return Effect.callback<Receipt>((resume) => {
            const receipt = receipts.open({ id, kind: "broadcast", channels: EVERYONE })
            const delivery = receipt.delivery()
            if (tracer === undefined) start(bytes, isBinary, delivery)
            else tracer.broadcast(bytes.length, delivery, above, () => start(bytes, isBinary, delivery))
            receipt.seal((final) => resume(Effect.succeed(final)))
          })
        })
      return Publisher.of({
        broadcast:
          tracer === undefined
            ? (data, options) => broadcast(data, options)
            : (data, options) => Effect.flatMap(currentSpan, (above) => broadcast(data, options, above)),
        broadcastUnsafe: (data, isBinary) => {
          const delivery = new Delivery()
          const publishedAt = now()
          delivery.onComplete = function () {
            if (this.written > 0) {
              hub.newest.timeToLastWriteMs = this.lastWriteAt - publishedAt
              timeToLastWrite.updateUnsafe(hub.newest.timeToLastWriteMs / 1000, context)
            }
            complete.call(this)
          }
          start(data, isBinary, delivery)
        },
        connections: Effect.sync(() => others?.connections() ?? hub.size()),
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
