/**
 * Idempotency keys where several servers keep a history. There the id of a message says which one it follows (ChannelLogs.ts), and cannot say its
 * key. So a key is claimed first, by a message of its own that only one can store; the claim says up to where the log cannot hold
 * the key. Whoever has it then looks at what came behind that, and appends only if the key is not there: who claimed it and failed, and who tries
 * again, come to the same.
 */
import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream"
import * as Effect from "effect/Effect"
import { Packr } from "msgpackr"
import type { StreamPosition } from "../../hot/ChannelEvent.ts"
import { mayBeMissing } from "../../nats/ensureStreams.ts"
import { unpackChecked } from "../../nats/messagePack.ts"
import type { NatsLink } from "../../nats/NatsLink.ts"
import { Questions } from "../../nats/Questions.ts"
import { BrokerUnavailable } from "../Broker.ts"
import { NOWHERE_RETRY } from "./ChannelLogs.ts"
import type { Stored } from "./LogPart.ts"
import type { LogReader } from "./LogReader.ts"
import type { KeysBehind } from "./operations.ts"

/** What stands under a key. */
export type Claim =
  /** Messages up to this sequence do not hold it. `isNew`: it was claimed just now, and nobody has published it before. */
  | { readonly _tag: "claimed"; readonly since: number; readonly isNew: boolean }
  /** It was published there. */
  | { readonly _tag: "published"; readonly position: StreamPosition }

const packr = new Packr({ useRecords: false, moreTypes: false })

const claimToBytes = (claim: Claim): Uint8Array =>
  packr.pack(claim._tag === "claimed" ? [claim.since] : [-1, claim.position.epoch, claim.position.offset])

/** What is none of ours says nothing: all of the log is looked at. */
export const claimOfBytes = (bytes: Uint8Array): Claim => {
  const value: unknown = unpackChecked(packr, bytes)
  if (Array.isArray(value)) {
    const [since, epoch, offset]: ReadonlyArray<unknown> = value
    if (typeof epoch === "string" && typeof offset === "number")
      return { _tag: "published", position: { epoch, offset } }
    if (typeof since === "number" && since >= 0) return { _tag: "claimed", since, isNew: false }
  }
  return { _tag: "claimed", since: 0, isNew: false }
}

/** Claims under way, and those that wait. */
const CLAIMS = { underWay: 1024, waiting: 100_000 }

const NOT_CLAIMED = new BrokerUnavailable({ detail: "the key of the publication cannot be claimed now" })
const NOT_ACKNOWLEDGED = "the key of the publication was not acknowledged"

export class KeyClaims {
  readonly #claims: Questions

  /** @param missing is called when NATS does not have the stream, or does not know now */
  constructor(
    readonly link: NatsLink["Service"],
    readonly reader: LogReader,
    readonly missing: () => void,
    readonly now: () => number
  ) {
    this.#claims = new Questions({ ...CLAIMS, waitMs: link.requestTimeoutMs }, now)
  }

  /** The connection was lost. */
  forgetAsked(): void {
    this.#claims.forget()
  }

  /**
   * Claims the key, or answers who did before.
   *
   * @param id of the channel and the key
   * @param since sequence of a message of the channel's log that stands already; 0: there is none
   */
  readonly claim = Effect.fnUntraced(function* (
    this: KeyClaims,
    id: string,
    since: number
  ): Effect.fn.Return<Claim, BrokerUnavailable> {
    const until = this.now() + this.link.requestTimeoutMs
    for (;;) {
      const claim = yield* this.#ask(() => this.#claim(id, since))
      if (claim !== undefined) return claim
      if (this.now() >= until) return yield* Effect.fail(NOT_CLAIMED)
      yield* Effect.sleep(NOWHERE_RETRY)
    }
  })

  /** Undefined: there is no stream for it now, or what stood there does not any more. */
  async #claim(id: string, since: number): Promise<Claim | undefined> {
    const { jetstream, manager, subjects } = this.link
    const own: Claim = { _tag: "claimed", since, isNew: true }
    try {
      // Nothing may stand there: a server of a cluster makes sure of that when it stores it.
      const expect = { lastSubjectSequence: 0 }
      return await jetstream.publish(subjects.key(id), claimToBytes(own), { expect }).then(
        () => own,
        async (error: unknown) => {
          if (!isTaken(error)) throw error
          // Where nothing is found, it has just ended, or a server was asked that does not know of it yet: it is claimed once more.
          const query = { last_by_subj: subjects.key(id) }
          const found = await manager.streams.getMessage(subjects.keyStream, query)
          return found === null ? undefined : claimOfBytes(found.data)
        }
      )
    } catch (error) {
      if (!mayBeMissing(error)) throw error
      this.missing()
      return undefined
    }
  }

  #ask<A>(ask: () => Promise<A>): Effect.Effect<A, BrokerUnavailable> {
    return this.link.ask(NOT_ACKNOWLEDGED, () => this.#claims.ask(ask))
  }

  /**
   * The keys that the log holds behind a sequence; undefined: it was changed while it was read.
   *
   * @param last of the log's messages
   */
  behind(
    channel: string,
    since: number,
    last: Stored
  ): Effect.Effect<KeysBehind | undefined, BrokerUnavailable> {
    const after = { offset: 0, seq: since }
    return Effect.map(this.reader.read({ channel, after, last }), (messages) => {
      if (messages.at(-1)?.seq !== last.seq) return undefined
      const found = new Map<string, { readonly seq: number; readonly position: StreamPosition }>()
      for (const { seq, record } of messages)
        for (const { key, publication } of record?.entries ?? [])
          if (key !== undefined)
            found.set(key, { seq, position: { epoch: record!.state.epoch, offset: publication.offset } })
      return { found, wholeBehind: wholeBehind(messages) }
    })
  }

  /** Says where it was published, so that nobody has to look, also when it is gone from the log. */
  published(id: string, position: StreamPosition): Effect.Effect<void> {
    const { jetstream, subjects } = this.link
    const bytes = claimToBytes({ _tag: "published", position })
    return Effect.ignore(this.#ask(() => jetstream.publish(subjects.key(id), bytes)))
  }
}

/** Behind this sequence nothing is missing. @param messages the end of a log */
const wholeBehind = (messages: ReadonlyArray<Stored>): number => {
  for (let at = messages.length - 1; at > 0; at--)
    if (!isNext(messages[at - 1]!, messages[at]!)) return messages[at]!.seq - 1
  return before(messages[0]!)
}

const isNext = ({ record: one }: Stored, { record: other }: Stored): boolean =>
  one !== undefined &&
  other !== undefined &&
  (one.state.epoch !== other.state.epoch || one.state.offset === other.state.offset - other.entries.length)

/** Sequence of the message before it; 0: there is none that holds a publication. */
const before = ({ seq, record }: Stored): number => {
  if (record === undefined) return seq
  const mark = record.state.marks.at(-1)
  return mark === undefined || mark.offset === 0 ? 0 : mark.seq
}

const isTaken = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence
