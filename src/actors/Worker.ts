/**
 * One life of a worker process as the primary sees it: a member of the hub whose connections are in another process.
 *
 * Guarantees: publications reach the worker in the order of `offer`, each once; every one that was taken gets its counts, from the worker
 * or, when it dies first, as closed. What waits for a worker that does not read is bounded in number and bytes.
 */
import * as Effect from "effect/Effect"
import type { HubMember } from "../services/Hub.ts"
import type { Delivery, Publication } from "../services/hot/Publication.ts"
import { Question } from "../services/processes/Question.ts"
import { outgoing } from "../services/workers/inbound.ts"
import type { Delivered, FromWorker, ToWorker } from "../services/workers/messages.ts"
import { Outbox } from "../services/workers/Outbox.ts"

/** Bytes of publications that a worker may owe the counts of; beyond, it takes no more. */
const MAX_OWED_BYTES = 64 * 1_048_576

type Of<Tag extends FromWorker["_tag"]> = Extract<FromWorker, { readonly _tag: Tag }>

interface Owed {
  readonly delivery: Delivery
  readonly bytes: number
}

export class Worker implements HubMember {
  /** Live connections, as last told. */
  size = 0
  /** What it last told of itself. */
  observed: Of<"Observed"> | undefined
  /** Heartbeats since it last told anything. */
  unanswered = 0
  readonly #question = new Question()
  #isAsked = false
  readonly #owed = new Map<number, Owed>()
  #owedBytes = 0
  #next = 0
  readonly #outbox = new Outbox<Extract<ToWorker, { readonly _tag: "Publish" }>["publications"][number]>(
    (publications) => this.send({ _tag: "Publish", publications })
  )

  /** @param mailbox publications that it may owe the counts of */
  constructor(
    readonly name: string,
    readonly mailbox: number,
    readonly send: (message: ToWorker) => void
  ) {}

  /** Publications that it has not told the counts of. */
  get depth(): number {
    return this.#owed.size
  }

  get spare(): number {
    return Math.ceil(this.mailbox / 2) - this.#owed.size
  }

  readonly offer = (publication: Publication): boolean => {
    const { delivery } = publication
    const bytes = publication.data.length
    const isFull =
      this.#owed.size >= this.mailbox || (this.#owed.size > 0 && this.#owedBytes + bytes > MAX_OWED_BYTES)
    if (isFull) {
      delivery.addWorker({ worker: this.name, ...this.#missed(this.size) })
      return true
    }
    const id = this.#next++
    this.#owed.set(id, { delivery, bytes })
    this.#owedBytes += bytes
    this.#outbox.add({ id, ...outgoing(publication) })
    return true
  }

  /** Asks it how it is, and completes when it has told or is gone. */
  readonly observe: Effect.Effect<void> = Effect.suspend(() => {
    this.#isAsked = true
    return this.#question.ask(() => this.#askHow())
  })

  /** Has it asked, and counts that: without waiting, and not if somebody else did since the last time. */
  beat(): void {
    this.unanswered++
    if (!this.#isAsked) this.#question.pose(() => this.#askHow())
    this.#isAsked = false
  }

  #askHow(): void {
    this.send({ _tag: "Observe" })
  }

  noteObserved(observed: Of<"Observed">): void {
    this.size = observed.live
    this.observed = observed
    this.#question.settle()
  }

  noteDelivered(deliveries: ReadonlyArray<Delivered>): void {
    for (const { id, ...counts } of deliveries) {
      const owed = this.#owed.get(id)
      if (owed === undefined) continue
      this.#owed.delete(id)
      this.#owedBytes -= owed.bytes
      owed.delivery.addWorker({ worker: this.name, ...counts })
    }
  }

  /** It is gone: what it owes counts as closed. */
  end(): void {
    this.#question.settle()
    for (const { delivery } of this.#owed.values()) {
      delivery.addWorker({ worker: this.name, ...this.#missed(0) })
    }
    this.#owed.clear()
    this.#owedBytes = 0
  }

  /** The counts of a publication that none of its connections got: so many for its full mailbox, the others closed. */
  #missed(mailbox: number) {
    const { size } = this
    return { eligible: size, written: 0, slow: 0, mailbox, firstWriteAt: Number.NaN, lastWriteAt: Number.NaN }
  }
}
