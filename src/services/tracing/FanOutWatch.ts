/**
 * The fan-out of a traced publication. When its delivery is complete, it becomes a span, with one below it for each worker process, and below
 * those, or, in one process, below itself, one for each shard.
 */
import { DeliveryWatch, type ShardDelivery } from "../hot/DeliveryWatch.ts"
import type { Delivery, DropReasons, WorkerDelivery } from "../hot/Publication.ts"
import type { Attributes, OpenSpan, SpanEvent } from "./OpenSpan.ts"
import type { PublicationTracer } from "./PublicationTracer.ts"

interface Counts extends DropReasons {
  readonly eligible: number
  readonly written: number
  /** NaN where nothing was written. */
  readonly firstWriteAt: number
  readonly lastWriteAt: number
}

const countAttributes = ({ eligible, written, slow, mailbox }: Counts): Attributes => ({
  "clarion.delivery.eligible": eligible,
  "clarion.delivery.written": written,
  "clarion.delivery.dropped": slow + mailbox,
  "clarion.delivery.dropped_slow": slow,
  "clarion.delivery.dropped_mailbox": mailbox,
  "clarion.delivery.closed": eligible - written - slow - mailbox
})

const writeEvents = ({ firstWriteAt, lastWriteAt }: Counts): ReadonlyArray<SpanEvent> =>
  Number.isNaN(firstWriteAt)
    ? []
    : [
        { name: "clarion.first_write", at: firstWriteAt },
        { name: "clarion.last_write", at: lastWriteAt }
      ]

export class FanOutWatch extends DeliveryWatch {
  #handedAt: number

  constructor(
    readonly tracer: PublicationTracer,
    readonly publication: OpenSpan,
    readonly destination: string
  ) {
    super()
    this.#handedAt = tracer.now()
  }

  override handed(): void {
    this.#handedAt = this.tracer.now()
  }

  override completed(delivery: Delivery): void {
    const { publication, destination } = this
    const span = publication.below(`fan-out ${destination}`, this.#handedAt, {
      "messaging.system": "clarion",
      "messaging.operation.name": "fan-out",
      "messaging.destination.name": publication.attributes["messaging.destination.name"],
      "messaging.destination.template": publication.attributes["messaging.destination.template"],
      "clarion.receipt.id": delivery.receipt?.id
    })
    for (const worker of delivery.workers) this.#worker(span, worker)
    for (const shard of this.shards) this.#shard(span, shard)
    this.#end(span, delivery, writeEvents(delivery))
  }

  #worker(above: OpenSpan, part: WorkerDelivery): void {
    const span = above.below("fan-out worker", this.#start(part), { "clarion.worker": part.worker })
    for (const shard of part.shards ?? []) this.#shard(span, shard)
    this.#end(span, part)
  }

  #shard(above: OpenSpan, part: ShardDelivery): void {
    this.#end(above.below("fan-out shard", this.#start(part), { "clarion.shard": part.shard }), part)
  }

  #start({ firstWriteAt }: Counts): number {
    return Number.isNaN(firstWriteAt) ? this.#handedAt : firstWriteAt
  }

  /** At its last write, or, without one, where it began. */
  #end(span: OpenSpan, counts: Counts, events: ReadonlyArray<SpanEvent> = []): void {
    const at = Number.isNaN(counts.lastWriteAt) ? span.startedAt : counts.lastWriteAt
    this.tracer.end(span, { at, attributes: countAttributes(counts), events })
  }
}
