/**
 * A bucket of keys and values at NATS (a JetStream KV bucket, which its tools show), as far as it decides who was first: every write says which
 * revision it replaces, and is refused where that is no longer the last one.
 *
 * Guarantees: revisions of a bucket grow with each write to any of its keys. `last` asks the server that leads the stream, so what was written
 * before is seen. A write that fails may have happened. A bucket that was removed is made again, empty, when somebody asks for it: until then, and for
 * who asked, there is `BrokerUnavailable`.
 */
import { JetStreamApiCodes, type JetStreamApiError, StorageType } from "@nats-io/jetstream"
import { Kvm, type KvOptions } from "@nats-io/kv"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as EffectSchedule from "effect/Schedule"
import { ServerConfig } from "../../config/ServerConfig.ts"
import type { BrokerUnavailable } from "../broker/Broker.ts"
import { ensureStreams, isMissing } from "./ensureStreams.ts"
import { type Ask, keptUp } from "./keptUp.ts"
import { type NatsLink, NatsUnreachable } from "./NatsLink.ts"

/** What a key has now. */
export interface Kept {
  readonly revision: number
  readonly value: Uint8Array
}

/** How it is made: see `KvOptions`. */
export type BucketOptions = Partial<Pick<KvOptions, "replicas" | "republish" | "history">>

/**
 * Time between two attempts to make a bucket or stream, and how many there are: JetStream of a cluster that has just begun is not ready at once.
 * What does not pass is not tried again.
 */
export const MAKE_AGAIN = {
  schedule: EffectSchedule.spaced("500 millis").pipe(EffectSchedule.upTo({ times: 60 })),
  while: ({ isLasting }: BrokerUnavailable) => isLasting !== true
}

/** Somebody else was first. Other API errors (a full disk, a stream without its leader) are failures. */
const wasRefused = (error: unknown): boolean => {
  const { code } = error as JetStreamApiError
  return (
    code === JetStreamApiCodes.StreamWrongLastSequence ||
    code === JetStreamApiCodes.StreamWrongLastSequenceUnknown
  )
}

/** Where NATS is asked at the start of the node, which it ends if it cannot be used. */
export const atStart = <A, R>(
  asking: Effect.Effect<A, BrokerUnavailable, R>
): Effect.Effect<A, NatsUnreachable, R | ServerConfig> =>
  Effect.flatMap(ServerConfig, ({ broker: { nats } }) =>
    Effect.mapError(asking, ({ detail }) => new NatsUnreachable({ servers: nats.servers, detail }))
  )

/**
 * With more than one replica, nats-server (2.9) compares the expected sequence when a write is proposed, and not again when it is applied: of several
 * that are under way at once all are stored. Ids are compared when it is applied, so writes that build on one revision have one id. (An
 * expected sequence of 0 is compared then, too.)
 */
const onlyOneOn = (subject: string, expected: number) =>
  expected === 0 ? {} : { msgID: `${subject} ${expected}` }

const streamOf = (bucket: string): string => `KV_${bucket}`

/** Makes the bucket where there is none: true. One that fewer servers keep than is configured now is kept by more of them. */
const ensured = (
  link: NatsLink["Service"],
  name: string,
  options: BucketOptions
): Effect.Effect<boolean, BrokerUnavailable> => {
  const { replicas = 1, republish } = options
  const subjects = [`$KV.${name}.>`]
  const storage = StorageType.File
  const wanted = {
    name: streamOf(name),
    subjects,
    storage,
    num_replicas: replicas,
    ...(republish && { republish })
  }
  const made = link.ask(`the bucket ${name} cannot be made`, async () => {
    const isNew = await isMissing(link, wanted.name)
    if (isNew) await new Kvm(link.jetstream).create(name, { ...options, storage })
    return isNew
  })
  return Effect.tap(made, () => ensureStreams(link, [wanted]))
}

export class Bucket {
  private constructor(
    readonly link: NatsLink["Service"],
    readonly name: string,
    /** This node has made it. */
    readonly isNew: boolean,
    /** Where it is not there, it is made again. */
    readonly ask: Ask
  ) {}

  /** Makes the bucket where there is none. */
  static readonly open = (
    link: NatsLink["Service"],
    name: string,
    options: BucketOptions
  ): Effect.Effect<Bucket, BrokerUnavailable> => {
    const ensure = ensured(link, name, options)
    const ask = keptUp(link, streamOf(name), `the bucket ${name}`, ensure)
    return ensure.pipe(
      Effect.retry(MAKE_AGAIN),
      Effect.map((isNew) => new Bucket(link, name, isNew, ask))
    )
  }

  get stream(): string {
    return streamOf(this.name)
  }

  /** @param key a token of a subject, or several with dots */
  subject(key: string): string {
    return `$KV.${this.name}.${key}`
  }

  keyOf(subject: string): string {
    return subject.slice(this.subject("").length)
  }

  /**
   * Writes a value where the last revision of the key is `expected`; 0: there is none. The new revision, or undefined: somebody else was first.
   * @param within in place of `broker.nats.requestTimeout`
   */
  put(
    key: string,
    value: Uint8Array,
    expected: number,
    within: Duration.Duration = Duration.millis(this.link.requestTimeoutMs)
  ): Effect.Effect<number | undefined, BrokerUnavailable> {
    const write = () =>
      this.link.jetstream
        .publish(this.subject(key), value, {
          expect: { lastSubjectSequence: expected },
          timeout: Duration.toMillis(within),
          ...onlyOneOn(this.subject(key), expected)
        })
        .then(
          ({ seq, duplicate }) => (duplicate ? undefined : seq),
          (error: unknown) => {
            if (wasRefused(error)) return undefined
            throw error
          }
        )
    return this.ask(`${this.name} was not written`, write)
  }

  /** When it was made, in ms by the clock of the server that made it. */
  get created(): Effect.Effect<number, BrokerUnavailable> {
    return Effect.map(
      this.ask(`${this.name} was not looked at`, () => this.link.manager.streams.info(this.stream)),
      ({ created }) => Date.parse(created)
    )
  }

  /** Undefined: the key was never written, or its last trace is gone. */
  last(key: string): Effect.Effect<Kept | undefined, BrokerUnavailable> {
    return Effect.map(
      this.ask(`${this.name} was not read`, () =>
        this.link.manager.streams.getMessage(this.stream, { last_by_subj: this.subject(key) })
      ),
      (message) => (message === null ? undefined : { revision: message.seq, value: message.data })
    )
  }
}
