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
import { unpackChecked } from "../../nats/messagePack.ts"
import type { NatsLink } from "../../nats/NatsLink.ts"
import { Questions } from "../../nats/Questions.ts"
import type { BrokerUnavailable } from "../Broker.ts"
import type { Stored } from "./LogPart.ts"
import type { LogReader } from "./LogReader.ts"

/** What stands under a key. */
export type Claim =
  /** Messages up to this sequence do not hold it. */
  | { readonly _tag: "claimed"; readonly since: number }
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
    if (typeof since === "number" && since >= 0) return { _tag: "claimed", since }
  }
  return { _tag: "claimed", since: 0 }
}

/** Claims under way, and those that wait. */
const CLAIMS = { underWay: 1024, waiting: 100_000 }

export class KeyClaims {
  readonly #claims: Questions

  constructor(
    readonly link: NatsLink["Service"],
    readonly reader: LogReader,
    now: () => number
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
  claim(id: string, since: number): Effect.Effect<Claim, BrokerUnavailable> {
    const own: Claim = { _tag: "claimed", since }
    return this.link.ask("the key of the publication was not acknowledged", () =>
      this.#claims.ask(() => this.#claim(id, own))
    )
  }

  async #claim(id: string, own: Claim): Promise<Claim> {
    const { jetstream, manager, subjects } = this.link
    try {
      // Nothing may stand there: a server of a cluster makes sure of that when it stores it.
      const expect = { lastSubjectSequence: 0 }
      await jetstream.publish(subjects.key(id), claimToBytes(own), { expect })
      return own
    } catch (error) {
      if (!isTaken(error)) throw error
    }
    const found = await manager.streams.getMessage(subjects.keyStream, { last_by_subj: subjects.key(id) })
    return found === null ? own : claimOfBytes(found.data)
  }

  /**
   * The keys that the log holds behind a sequence, and where they stand; undefined: it was changed while it was read.
   *
   * @param last of the log's messages
   */
  behind(
    channel: string,
    since: number,
    last: Stored
  ): Effect.Effect<ReadonlyMap<string, StreamPosition> | undefined, BrokerUnavailable> {
    const after = { offset: 0, seq: since }
    return Effect.map(this.reader.read({ channel, after, last }), (messages) => {
      if (messages.at(-1)?.seq !== last.seq) return undefined
      const found = new Map<string, StreamPosition>()
      for (const { record } of messages)
        for (const { key, publication } of record?.entries ?? [])
          if (key !== undefined) found.set(key, { epoch: record!.state.epoch, offset: publication.offset })
      return found
    })
  }

  /** Says where it was published, so that nobody has to look. */
  published(id: string, position: StreamPosition): Effect.Effect<void> {
    const { jetstream, subjects } = this.link
    return this.link
      .ask("the key of the publication was not acknowledged", () =>
        jetstream.publish(subjects.key(id), claimToBytes({ _tag: "published", position }))
      )
      .pipe(Effect.ignore)
  }
}

const isTaken = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence
