/** The lease of the leading node, as it is kept at NATS: one key, which every node that leads writes again and again. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ServerConfig } from "../../config/ServerConfig.ts"
import type { BrokerUnavailable } from "../broker/Broker.ts"
import { Bucket } from "../nats/Bucket.ts"
import { sequenceOf } from "../nats/Listener.ts"
import { NatsLink } from "../nats/NatsLink.ts"
import { LEASE_MS } from "./leaseMachine.ts"

export interface LeaseState {
  /** Greater with each write, also where NATS has lost the record. 0: this node knows of none. */
  readonly revision: number
  /** The node that holds it; undefined: none does. */
  readonly holder: string | undefined
}

export interface LeaseRecord {
  readonly read: Effect.Effect<LeaseState, BrokerUnavailable>
  /** The new revision; undefined: somebody else has written since `expected`. */
  readonly write: (
    holder: string | undefined,
    expected: number
  ) => Effect.Effect<number | undefined, BrokerUnavailable>
  /** Told of what others write, and of what this node does; some of it may get lost. Synchronous. */
  readonly onWritten: (told: (state: LeaseState) => void) => Effect.Effect<void, never, Scope.Scope>
}

const KEY = "leader"
/** In the place of a holder that cannot be read: some node, which is not this one. */
const SOMEBODY = "?"

/** What the record has. */
interface Written {
  readonly holder: string | undefined
  /**
   * Revisions count from here, as a bucket that was lost begins its own ones anew: from the ms at which NATS made the bucket, or from what the writer has
   * seen, if that is more. There are fewer writes than ms, so whoever knows nothing of the bucket before begins behind it, too.
   * Undefined: it cannot be read.
   */
  readonly base: number | undefined
}

const toBytes = (written: Written): Uint8Array => Buffer.from(JSON.stringify(written))

const writtenIn = (bytes: Uint8Array): Written => {
  // The tools of NATS remove a key by an empty value.
  if (bytes.length === 0) return { holder: undefined, base: undefined }
  try {
    const { holder, base } = JSON.parse(Buffer.from(bytes).toString()) as Readonly<Record<string, unknown>>
    return {
      holder: holder === undefined ? undefined : String(holder),
      base: Number.isSafeInteger(base) && Number(base) > 0 ? Number(base) : 0
    }
  } catch {
    return { holder: SOMEBODY, base: undefined }
  }
}

/** On file, whatever histories are kept in: numbers of leaders grow over a restart of NATS, too. */
export const openLeaseRecord = Effect.gen(function* () {
  const link = yield* NatsLink
  const { replicas } = (yield* ServerConfig).broker.nats
  const { prefix, leases } = link.subjects
  const name = `${prefix}_leases`
  const bucket = yield* Bucket.open(link, name, {
    replicas,
    republish: { src: `$KV.${name}.${KEY}`, dest: leases }
  })
  const trouble = link.troubles.expect("which node leads cannot be read or written at NATS", LEASE_MS)
  /** Whoever asks waits for a while only. */
  const watched = <A>(asking: Effect.Effect<A, BrokerUnavailable>) =>
    Effect.onInterrupt(trouble.watch(asking), () => Effect.sync(trouble.failed))
  /** Of the record that was seen last. */
  let base = 0
  /** The greatest revision that was seen. */
  let most = 0
  /** When the bucket was made; 0: there was no need to know. */
  let created = 0
  /** Of the record that was seen last. Where there is none in a bucket that others use, one of them may lead: NATS has lost the record. */
  let holder = bucket.isNew ? undefined : SOMEBODY
  const seen = (sequence: number, written: Written): LeaseState => {
    holder = written.holder
    base = written.base ?? base
    const revision = base + sequence
    most = Math.max(most, revision)
    return { revision, holder }
  }
  const read = Effect.gen(function* () {
    const kept = yield* bucket.last(KEY)
    const written = kept && writtenIn(kept.value)
    if (written?.base === undefined) created = yield* bucket.created
    if (kept !== undefined && written !== undefined) return seen(kept.revision, written)
    base = most
    return { revision: most, holder }
  })
  const write = Effect.fnUntraced(function* (next: string | undefined, expected: number) {
    const sequence = Math.max(0, expected - base)
    const own = { holder: next, base: Math.max(base, most - sequence, created) }
    const stored = yield* bucket.put(KEY, toBytes(own), sequence, Duration.seconds(1))
    return stored === undefined ? undefined : seen(stored, own).revision
  })
  return {
    read: watched(read),
    write: (next, expected) => watched(write(next, expected)),
    onWritten: (told) =>
      link.hear(leases, (message) => {
        const sequence = sequenceOf(message)
        if (sequence > 0) told(seen(sequence, writtenIn(message.data)))
      })
  } satisfies LeaseRecord
})
