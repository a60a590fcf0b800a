/** Sends what is not kept: publications without history, joins and leaves. */
import * as Effect from "effect/Effect"
import { publicationOf } from "../../history/publicationOf.ts"
import { mayBeMissing } from "../../nats/ensureStreams.ts"
import type { NatsLink } from "../../nats/NatsLink.ts"
import { noticeOf } from "../../receipts/receiptNotice.ts"
import type { BrokerUnavailable, Published, PublishOptions } from "../Broker.ts"
import { NO_STREAM, NOWHERE_RETRY } from "./ChannelLogs.ts"
import type { Ears } from "./Ears.ts"
import { keyIdOf } from "./keyId.ts"
import type { OwnDeliveries } from "./OwnDeliveries.ts"
import { type PassingRecord, recordToBytes } from "./records.ts"
import type { Tops } from "./Tops.ts"

export class Passings {
  constructor(
    readonly link: NatsLink["Service"],
    readonly own: OwnDeliveries,
    readonly tops: Tops,
    readonly ears: Ears,
    readonly now: () => number,
    readonly missing: () => void
  ) {}

  readonly send = Effect.fnUntraced(function* (
    this: Passings,
    kind: PassingRecord["kind"],
    channel: string,
    data: Uint8Array,
    options: Omit<PublishOptions, "stream">
  ): Effect.fn.Return<Published, BrokerUnavailable> {
    const { own, link } = this
    const { idempotencyKey: key = "", delivery } = options
    const number = own.next()
    const now = this.now()
    const receipt = noticeOf(delivery?.receipt, now)
    const entry = { publication: publicationOf(0, data, options, now), receipt }
    const known = this.tops.get(channel)?.state
    const after = known === undefined ? undefined : { epoch: known.epoch, offset: known.offset }
    const bytes = recordToBytes({ kind, origin: { node: link.uid, number }, after, entry })
    own.expect(number, channel, [delivery], this.ears.hears(channel))
    const sent = key === "" ? this.#now(channel, bytes) : this.#once(channel, bytes, keyIdOf(channel, key))
    const isSuppressed = yield* Effect.tapCause(sent, () => Effect.sync(() => own.withdraw(number)))
    if (isSuppressed) own.withdraw(number)
    else own.stands(number)
    return { offset: 0, epoch: "", isSuppressed }
  })

  #now(channel: string, bytes: Uint8Array): Effect.Effect<boolean, BrokerUnavailable> {
    const { connection, subjects } = this.link
    return this.link
      .ask("it was not sent", async () => connection.publish(subjects.live(channel), bytes))
      .pipe(Effect.andThen(this.link.flushed), Effect.as(false))
  }

  /** True where it was published before. */
  readonly #once = Effect.fnUntraced(function* (
    this: Passings,
    channel: string,
    bytes: Uint8Array,
    id: string
  ): Effect.fn.Return<boolean, BrokerUnavailable> {
    const until = this.now() + this.link.requestTimeoutMs
    for (;;) {
      const isKnown = yield* this.link.ask("the publication was not acknowledged", () =>
        this.#offerOnce(channel, bytes, id)
      )
      if (isKnown !== undefined) return isKnown
      this.missing()
      if (this.now() >= until) return yield* Effect.fail(NO_STREAM)
      yield* Effect.sleep(NOWHERE_RETRY)
    }
  })

  /** Undefined: there is no stream for it now. */
  async #offerOnce(channel: string, bytes: Uint8Array, id: string): Promise<boolean | undefined> {
    const { jetstream, subjects } = this.link
    try {
      const { duplicate } = await jetstream.publish(subjects.once(channel), bytes, { msgID: id })
      return duplicate
    } catch (error) {
      if (mayBeMissing(error)) return undefined
      throw error
    }
  }
}
