/** The logs of channels as they stand at NATS: reading and adding messages. What comes back may be anything, and nothing is thrown. */
import { JetStreamApiCodes, JetStreamApiError, type StoredMsg } from "@nats-io/jetstream"
import type * as Effect from "effect/Effect"
import { isStreamMissing, mayBeMissing } from "../../nats/ensureStreams.ts"
import { type NatsLink, NO_CONNECTION } from "../../nats/NatsLink.ts"
import { Questions } from "../../nats/Questions.ts"
import type { PublishOutcome } from "../../nats/StreamPublisher.ts"
import type { Trouble } from "../../nats/Troubles.ts"
import { BrokerUnavailable } from "../Broker.ts"
import type { Stored } from "./LogPart.ts"
import type { Top } from "./LogState.ts"
import { recordOfBytes } from "./records.ts"
import { sharedByKey } from "./sharedByKey.ts"

/** Another message came first. */
export interface Overtaken {
  readonly _tag: "overtaken"
}

/** There is no stream for it, or no server leads it: it is not stored, and may be in a moment. */
export interface Nowhere {
  readonly _tag: "nowhere"
}

/** What became of a message that was to be the next one. */
export type Appended =
  | { readonly _tag: "stored"; readonly seq: number }
  | Overtaken
  | Nowhere
  /** There is one with its id, which may be of any channel's place in the log. */
  | { readonly _tag: "known"; readonly seq: number }
  /** It may stand there all the same. */
  | { readonly _tag: "failed"; readonly error: BrokerUnavailable }

/** Of what was nowhere all the time that there was for it. */
export const NO_STREAM = new BrokerUnavailable({ detail: "NATS has no stream for the publication now" })
/** A stream that was just made, or whose leader is being chosen, is nowhere for a moment: what was to be there is sent again. */
export const NOWHERE_RETRY = "100 millis"

const NOT_NOW = new BrokerUnavailable({ detail: "NATS does not have the stream now" })
const NOTHING: Stored = { seq: 0, record: undefined }
/** Questions for messages of a stream: NATS answers some ten thousand a second, those that wait have an answer within their time. */
const QUESTIONS = { underWay: 256, waiting: 20_000 }

type Query = { readonly last_by_subj: string } | { readonly seq: number }

export class ChannelLogs {
  /** Since start. */
  unreadable = 0
  overtaken = 0
  reads = 0
  readonly #link: NatsLink["Service"]
  readonly #reading: Trouble
  /** By the namespace: each has a stream of its own, with a leader of its own. */
  readonly #writing = new Map<string | undefined, Trouble>()
  /** Streams that are made soon. Nothing is asked of them: see `REMOVED_WITHIN`. */
  readonly #gone = new Set<string>()
  #shared = sharedByKey<Stored>()
  /** By the namespace: where a leader does not answer, what others are asked does not wait for that. */
  readonly #questions = new Map<string | undefined, Questions>()

  /**
   * @param namespaceOf of a channel; undefined: its channels keep no history
   * @param isReplicated whether several servers keep the logs
   * @param missing is called when NATS does not have a stream, or does not know now; whether it is made soon
   */
  constructor(
    link: NatsLink["Service"],
    readonly namespaceOf: (channel: string) => string | undefined,
    readonly isReplicated: boolean,
    readonly missing: () => boolean,
    readonly now: () => number
  ) {
    this.#link = link
    this.#reading = link.troubles.expect("histories of channels cannot be read at NATS")
  }

  /** The last message, `seq` 0 where there is none: of a moment after this was asked. Many who ask at once share an answer. */
  last(channel: string): Effect.Effect<Stored, BrokerUnavailable> {
    return this.#ask("the history of a channel cannot be read", () =>
      this.#shared(channel, () => this.#get(channel, { last_by_subj: this.subjectOf(channel) }))
    )
  }

  /** The connection was lost: what was asked over it is not waited for by those who ask now. */
  forgetAsked(): void {
    this.#shared = sharedByKey<Stored>()
    for (const questions of this.#questions.values()) questions.forget()
  }

  /** It was tried to make what was missing. */
  repaired(): void {
    this.#gone.clear()
  }

  /** A message by its sequence; `seq` 0 where it is gone. */
  at(channel: string, seq: number): Effect.Effect<Stored, BrokerUnavailable> {
    return this.#ask("a publication cannot be read", () => this.#get(channel, { seq }))
  }

  /**
   * @param expected sequence of the log's last message; 0: there is none
   * @param id of the message, which is stored once within five minutes; undefined: it has none
   * @param done is called once, when this has returned
   *
   * Several servers compare `expected` with what stands when a message comes in, not when it is stored: two that come in together may both pass
   * (nats-server before 2.9.21, https://github.com/nats-io/nats-server/issues/4320). What they compare when they store it are ids, and whether there is
   * none. So there the id says which message it follows; the first message has none, as a log that an operator has purged begins once more.
   */
  append(
    channel: string,
    bytes: Uint8Array,
    expected: number,
    id: string | undefined,
    done: (appended: Appended) => void
  ): void {
    const subject = this.subjectOf(channel)
    const follows = this.isReplicated && expected > 0 ? `${subject} ${expected}` : undefined
    this.#link.streams.publish(subject, bytes, { expected, id: id ?? follows }, (outcome) => {
      const appended = this.#appended(outcome, id !== undefined)
      const trouble = this.#writingOf(channel)
      if (appended._tag === "failed" || appended._tag === "nowhere") trouble.failed()
      else trouble.wentWell()
      done(appended)
    })
  }

  #appended(outcome: PublishOutcome, hasId: boolean): Appended {
    if (outcome._tag === "unknown") return { _tag: "failed", error: outcome.error }
    if (outcome._tag === "stored") {
      if (!outcome.isRepeated) return { _tag: "stored", seq: outcome.seq }
      if (hasId) return { _tag: "known", seq: outcome.seq }
    } else if (outcome._tag === "nowhere") {
      this.missing()
      return { _tag: "nowhere" }
    } else if (!isOvertaken(outcome.error)) {
      if (mayBeMissing(outcome.error)) this.missing()
      const detail = `the publication was not acknowledged: ${outcome.error.message}`
      return { _tag: "failed", error: new BrokerUnavailable({ detail }) }
    }
    this.overtaken++
    return { _tag: "overtaken" }
  }

  /** Removes messages up to this sequence, which do not count any more. */
  purge(channel: string, upTo: number): Effect.Effect<void, BrokerUnavailable> {
    return this.#ask("a history cannot be purged", async () => {
      await this.#link.manager.streams.purge(this.streamOf(channel), {
        filter: this.subjectOf(channel),
        seq: upTo + 1
      })
    })
  }

  #ask<A>(what: string, ask: () => Promise<A>): Effect.Effect<A, BrokerUnavailable> {
    const asking = this.#link.ask(what, () =>
      ask().catch((error: unknown) => {
        if (mayBeMissing(error)) this.missing()
        throw error
      })
    )
    return this.#reading.watch(asking)
  }

  #writingOf(channel: string): Trouble {
    const namespace = this.namespaceOf(channel)
    let trouble = this.#writing.get(namespace)
    if (trouble === undefined) {
      trouble = this.#link.troubles.expect("publications with history are not stored at NATS")
      this.#writing.set(namespace, trouble)
    }
    return trouble
  }

  #questionsOf(channel: string): Questions {
    const namespace = this.namespaceOf(channel)
    let questions = this.#questions.get(namespace)
    if (questions === undefined) {
      questions = new Questions({ ...QUESTIONS, waitMs: this.#link.requestTimeoutMs }, this.now)
      this.#questions.set(namespace, questions)
    }
    return questions
  }

  async #get(channel: string, query: Query): Promise<Stored> {
    const message = await this.#questionsOf(channel).ask(() => this.#send(channel, query))
    // Sequences count all channels of a stream: what stands there now may be of another one.
    return message === null || message.subject !== this.subjectOf(channel)
      ? NOTHING
      : this.read(message.seq, message.data)
  }

  /** While the connection is down the client library would keep it for later. */
  #send(channel: string, query: Query): Promise<StoredMsg | null> {
    if (!this.#link.isUp()) return Promise.reject(new BrokerUnavailable({ detail: NO_CONNECTION }))
    const stream = this.streamOf(channel)
    if (this.#gone.has(stream)) return Promise.reject(NOT_NOW)
    this.reads++
    return this.#link.manager.streams.getMessage(stream, query).catch((error: unknown) => {
      if (isStreamMissing(error) && this.missing()) this.#gone.add(stream)
      throw error
    })
  }

  /** A message of a log by its bytes. */
  read(seq: number, bytes: Uint8Array): Stored {
    const record = recordOfBytes(bytes)
    if (record?.kind === "log") return { seq, record }
    this.unreadable++
    return { seq, record: undefined }
  }

  streamOf(channel: string): string {
    return this.#link.subjects.historyStream(this.namespaceOf(channel) ?? "")
  }

  subjectOf(channel: string): string {
    return this.#link.subjects.history(this.namespaceOf(channel) ?? "", channel)
  }

  /** Of all channels in the same stream. */
  patternOf(channel: string): string {
    return this.#link.subjects.historyPattern(this.namespaceOf(channel) ?? "")
  }
}

/** What a publisher needs to know of a message. */
export const topOf = ({ seq, record }: Stored): Top => ({ seq, state: record?.state })

const isOvertaken = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
