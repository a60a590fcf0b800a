/** What a node does in channels over NATS: publishes, keeps, sends what is not kept, and brings to its subscribers what it hears. */
import * as Effect from "effect/Effect"
import { ChannelEvent, type StreamPosition } from "../../hot/ChannelEvent.ts"
import { Delivery } from "../../hot/Publication.ts"
import type { NatsLink } from "../../nats/NatsLink.ts"
import { noticeOf } from "../../receipts/receiptNotice.ts"
import type { BrokerUnavailable, Published, PublishOptions, StreamOptions } from "../Broker.ts"
import { ChannelLogs } from "./ChannelLogs.ts"
import { Ears } from "./Ears.ts"
import { firstOfMany } from "./firstOfMany.ts"
import { Histories } from "./Histories.ts"
import { KeyClaims } from "./KeyClaims.ts"
import { keyIdOf } from "./keyId.ts"
import { LogReader } from "./LogReader.ts"
import type { Draft } from "./LogState.ts"
import { LogWriter, type Outgoing } from "./LogWriter.ts"
import type { NatsBrokerOptions } from "./natsBrokerOptions.ts"
import { OwnDeliveries } from "./OwnDeliveries.ts"
import { type Operation, writerBounds } from "./operations.ts"
import { Passings } from "./Passings.ts"
import {
  type Entry,
  MESSAGE_OVERHEAD,
  type Origin,
  type PassingRecord,
  recordToBytes,
  sizeOf
} from "./records.ts"
import { Tops } from "./Tops.ts"
import { Turns } from "./Turns.ts"

/** How an operation with an idempotency key is told that it is a repetition: by the id of its message, or by what it finds in the log. */
interface Written<A> {
  readonly id?: string
  readonly repeated?: (seq: number) => Effect.Effect<A, BrokerUnavailable>
  readonly check?: {
    readonly key: string
    readonly since: number
    readonly isNew: boolean
    readonly answer: (position: StreamPosition) => A
  }
}

export class NatsChannels {
  /** Since start. */
  publications = 0
  suppressed = 0
  readonly own = new OwnDeliveries()
  readonly tops = new Tops()
  readonly logs: ChannelLogs
  readonly reader: LogReader
  readonly claims: KeyClaims | undefined
  readonly turns: Turns
  readonly ears: Ears
  readonly writer: LogWriter
  readonly histories: Histories
  readonly passings: Passings
  readonly #keyed: ReturnType<typeof firstOfMany<Published, BrokerUnavailable>>

  constructor(
    readonly link: NatsLink["Service"],
    readonly options: NatsBrokerOptions,
    readonly deliver: (event: ChannelEvent) => void,
    readonly now: () => number,
    readonly fork: (effect: Effect.Effect<void>) => unknown,
    missing: () => boolean
  ) {
    this.#keyed = firstOfMany(fork)
    const { namespaces } = options
    const withHistory = new Set(namespaces.histories.map(({ name }) => name))
    const namespaceOf = (channel: string) => {
      const name = namespaces.of(channel)
      return withHistory.has(name) ? name : undefined
    }
    const isReplicated = options.replicas > 1
    this.logs = new ChannelLogs(link, namespaceOf, isReplicated, missing, now)
    this.reader = new LogReader(link, this.logs, fork)
    this.claims = isReplicated ? new KeyClaims(link, this.reader, missing, now) : undefined
    this.turns = new Turns(link, now)
    this.ears = new Ears(
      link,
      this.logs,
      this.reader,
      this.tops,
      {
        publication: (channel, publication, epoch, origin, at, record) => {
          const delivery = this.#deliveryOf(channel, origin, at, record.entries[at]!)
          deliver(new ChannelEvent("publication", channel, publication, epoch, delivery))
        },
        passing: (channel, { kind, origin, entry }) => {
          const delivery = this.#deliveryOf(channel, origin, 0, entry)
          deliver(new ChannelEvent(kind, channel, entry.publication, "", delivery))
        },
        left: (channel) => this.own.leave(channel)
      },
      fork,
      options.interestKnown
    )
    this.writer = new LogWriter(
      this.logs,
      this.tops,
      this.turns,
      now,
      fork,
      (channel, draft) => this.#outgoing(channel, draft),
      (channel, since, last) => this.claims?.behind(channel, since, last) ?? Effect.undefined,
      { ...writerBounds, batchBytes: Math.min(writerBounds.batchBytes, this.maxBytes) }
    )
    this.passings = new Passings(link, this.own, this.tops, this.ears, now, missing)
    this.histories = new Histories(
      this.logs,
      this.reader,
      this.ears,
      this.tops,
      now,
      (channel, stream) => this.open(channel, stream),
      fork
    )
  }

  readonly count = (published: Published): Published => {
    if (published.isSuppressed) this.suppressed++
    else this.publications++
    return published
  }

  /** Nothing is begun any more; what waits is refused, what is under way ends with its fibers. */
  close(): void {
    this.writer.close()
    this.reader.close()
    this.histories.close()
  }

  /** The connection was lost. */
  forgetAsked(): void {
    this.logs.forgetAsked()
    this.claims?.forgetAsked()
  }

  get maxBytes(): number {
    return (this.link.connection.info?.max_payload ?? 2 ** 20) - MESSAGE_OVERHEAD
  }

  publish(
    channel: string,
    data: Uint8Array,
    stream: StreamOptions,
    options: PublishOptions
  ): Effect.Effect<Published, BrokerUnavailable> {
    const { idempotencyKey = "" } = options
    const bytes = sizeOf(data, options)
    if (idempotencyKey === "")
      return this.#written<Published>(channel, bytes, (draft) => draft.publish(data, stream, options))
    const id = keyIdOf(channel, idempotencyKey)
    if (this.claims !== undefined) {
      const { version = 0, versionEpoch = "" } = options
      const claimed = this.#claimed(this.claims, channel, data, stream, options, id)
      return Effect.map(this.#keyed(`${id} ${version} ${versionEpoch}`, claimed), ({ answer, isFirst }) =>
        isFirst ? answer : { ...answer, isSuppressed: true }
      )
    }
    return this.#written<Published>(channel, bytes, (draft) => draft.publish(data, stream, options), {
      id,
      repeated: (seq) => this.#repeated(channel, seq)
    })
  }

  /** Publishes what has a key, where several servers keep the log. */
  readonly #claimed = Effect.fnUntraced(function* (
    this: NatsChannels,
    claims: KeyClaims,
    channel: string,
    data: Uint8Array,
    stream: StreamOptions,
    options: PublishOptions,
    id: string
  ): Effect.fn.Return<Published, BrokerUnavailable> {
    // A claim that nothing follows makes another attempt doubtful.
    const { refusal } = this.writer
    if (refusal !== undefined) return yield* Effect.fail(refusal)
    const known = this.tops.get(channel)?.seq ?? (yield* this.logs.last(channel)).seq
    const claim = yield* claims.claim(id, known)
    if (claim._tag === "published") return { ...claim.position, isSuppressed: true }
    const published = yield* this.#written<Published>(
      channel,
      sizeOf(data, options),
      (draft) => draft.publish(data, stream, options, id),
      {
        check: {
          key: id,
          since: claim.since,
          isNew: claim.isNew,
          answer: (position) => {
            this.fork(claims.published(id, position))
            return { ...position, isSuppressed: true }
          }
        }
      }
    )
    // What is suppressed by its version leaves its key unused.
    if (!published.isSuppressed) this.fork(claims.published(id, published))
    return published
  })

  open(channel: string, stream: StreamOptions): Effect.Effect<void, BrokerUnavailable> {
    return this.#written<void>(channel, 0, (draft) => void draft.open(stream))
  }

  clear(channel: string): Effect.Effect<void, BrokerUnavailable> {
    return this.#written<void>(channel, 0, (draft) => draft.clear())
  }

  /** Sends what is not kept, behind what this node has published in the channel before. */
  pass(
    kind: PassingRecord["kind"],
    channel: string,
    data: Uint8Array,
    options: Omit<PublishOptions, "stream">
  ): Effect.Effect<Published, BrokerUnavailable> {
    return Effect.callback((resume) => {
      const fail = (error: BrokerUnavailable) => resume(Effect.fail(error))
      this.writer.pass(channel, {
        bytes: sizeOf(data, options),
        fail,
        send: (done) => {
          const sending = Effect.exit(this.passings.send(kind, channel, data, options))
          this.fork(Effect.map(Effect.ensuring(sending, Effect.sync(done)), resume))
        }
      })
    })
  }

  #written<A>(
    channel: string,
    bytes: number,
    plan: (draft: Draft) => A,
    { id = "", repeated = () => Effect.never, check }: Written<A> = {}
  ): Effect.Effect<A, BrokerUnavailable> {
    return Effect.callback((resume) => {
      const operation: Operation = {
        bytes,
        id,
        deadline: this.now() + this.link.requestTimeoutMs,
        ...(check === undefined
          ? {}
          : {
              check: {
                key: check.key,
                since: check.since,
                isNew: check.isNew,
                found: (position) => resume(Effect.succeed(check.answer(position)))
              }
            }),
        plan: (draft) => {
          const answer = plan(draft)
          return () => resume(Effect.succeed(answer))
        },
        repeat: (seq) => resume(repeated(seq)),
        fail: (error) => resume(Effect.fail(error))
      }
      this.writer.add(channel, operation)
    })
  }

  /** Where the publication stands that has the same key. Where it is gone from the history, the log's own position answers. */
  #repeated(channel: string, seq: number): Effect.Effect<Published, BrokerUnavailable> {
    return this.logs.at(channel, seq).pipe(
      Effect.flatMap((stored) =>
        stored.record === undefined ? this.logs.last(channel) : Effect.succeed(stored)
      ),
      Effect.map(({ record }) => ({
        offset: record?.state.offset ?? 0,
        epoch: record?.state.epoch ?? "",
        isSuppressed: true
      }))
    )
  }

  #outgoing(channel: string, { state, entries, deliveries, keys }: Draft): Outgoing {
    const { own } = this
    const number = own.next()
    const bytes = recordToBytes({
      kind: "log",
      origin: { node: this.link.uid, number },
      state: state!,
      entries: entries.map((publication, at) => ({
        publication,
        receipt: noticeOf(deliveries[at]?.receipt, this.now()),
        key: keys[at]
      }))
    })
    own.expect(number, channel, deliveries, this.ears.hears(channel))
    return {
      bytes,
      withdraw: () => own.withdraw(number),
      stands: () => own.stands(number)
    }
  }

  #deliveryOf(channel: string, { node, number }: Origin, at: number, { receipt }: Entry): Delivery {
    if (node === this.link.uid) return this.own.of(number, at)
    return (receipt && this.options.foreign?.(receipt, node, channel)) ?? new Delivery()
  }
}
