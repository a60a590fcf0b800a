/** What is done with durable streams, each as a part of a commit. */
import * as Effect from "effect/Effect"
import { ChannelEvent } from "../../hot/ChannelEvent.ts"
import { Delivery } from "../../hot/Publication.ts"
import { ownBytes } from "../../ownBytes.ts"
import type { EntryOptions, HistoryUnavailable, Published, StreamOptions } from "../HistoryStore.ts"
import { IDEMPOTENCY_TTL_MS } from "../IdempotencyKeys.ts"
import { publicationOf } from "../publicationOf.ts"
import type { Batch } from "./Batch.ts"
import { Draft } from "./Draft.ts"
import { DUE, minuteAfter, remove, storedName } from "./records.ts"
import type { Operation, Outcome } from "./Writer.ts"

type Resume<A> = (outcome: Effect.Effect<A, HistoryUnavailable>) => void

/** Where publications are counted, and told. */
export interface Told {
  publications: number
  suppressed: number
  readonly tell: (event: ChannelEvent) => void
}

/** What one waits with beside its data: measured with Node 20, in bytes. */
const OPERATION_BYTES = 500

export const append = (
  channel: string,
  name: string,
  given: Uint8Array,
  keep: StreamOptions,
  options: EntryOptions,
  told: Told,
  resume: Resume<Published>
): Operation => {
  const data = ownBytes(given)
  const { idempotencyKey = "", version = 0, versionEpoch = "" } = options
  const key = idempotencyKey === "" ? "" : storedName(idempotencyKey)
  const suppress = (published: Published): Outcome => ({
    answer: () => {
      told.suppressed++
      resume(Effect.succeed(published))
    }
  })
  return {
    name,
    key,
    bytes: data.byteLength + OPERATION_BYTES,
    isUse: true,
    plan: (batch, stream) => {
      const { now } = batch
      const draft = batch.draft(stream)
      const known = key === "" ? undefined : batch.key(name, key)
      if (draft.knows(known, now))
        return suppress({ offset: known.offset, epoch: known.epoch, isSuppressed: true })
      draft.open(now)
      if (version !== 0 && !draft.takeVersion(version, versionEpoch)) {
        draft.touch(now + keep.metaTtlMs)
        const { offset, epoch } = draft.record
        return suppress({ offset, epoch, isSuppressed: true })
      }
      const publication = publicationOf(draft.record.offset + 1, data, options, now)
      draft.append(publication, now, keep)
      const { offset } = publication
      const { epoch } = draft.record
      if (key !== "") batch.putKey(name, key, keyRecord(offset, epoch, now + IDEMPOTENCY_TTL_MS))
      return {
        tell: () => {
          told.publications++
          const { delivery = new Delivery() } = options
          told.tell(new ChannelEvent("publication", channel, publication, epoch, delivery))
        },
        answer: () => resume(Effect.succeed({ offset, epoch, isSuppressed: false }))
      }
    },
    fail: (error) => resume(Effect.fail(error))
  }
}

const keyRecord = (offset: number, epoch: string, until: number) => ({
  offset,
  epoch,
  until,
  due: minuteAfter(until)
})

/** Begins a stream that is unknown or over. Where the store cannot take it, it is begun for as long as the process lives. */
export const begin = (name: string, { metaTtlMs }: StreamOptions, resume: Resume<void>): Operation => ({
  name,
  key: "",
  bytes: 0,
  isUse: true,
  plan: (batch, stream) => {
    const draft = batch.draft(stream)
    draft.open(batch.now)
    draft.touch(batch.now + metaTtlMs)
    return { answer: () => resume(Effect.void) }
  },
  fail: (error, now, stream) => {
    if (stream === undefined) return resume(Effect.fail(error))
    const draft = new Draft(stream)
    draft.open(now)
    draft.touch(now + metaTtlMs)
    if (stream.alive(now) === undefined) stream.assume(draft.record)
    resume(Effect.void)
  }
})

/** Writes that the stream was read. */
export const touch = (name: string, until: number, settled: () => void): Operation => ({
  name,
  key: "",
  bytes: 0,
  isUse: false,
  plan: (batch, stream) => {
    if (stream.alive(batch.now) !== undefined) batch.draft(stream).touch(until)
    return { answer: settled }
  },
  fail: settled
})

export const clear = (name: string, resume: Resume<void>): Operation => ({
  name,
  key: "",
  bytes: 0,
  isUse: false,
  plan: (batch, stream) => {
    if (stream.record !== undefined || batch.drafts.has(name)) batch.draft(stream).clear()
    return { answer: () => resume(Effect.void) }
  },
  fail: (error) => resume(Effect.fail(error))
})

/** Lets go of what is over of a stream. Answers whether nothing is left to be removed now. */
export const look = (name: string, minute: number, resume: Resume<boolean>): Operation => ({
  name,
  key: "",
  bytes: 0,
  isUse: false,
  plan: (batch, stream) => {
    if (stream.record?.due !== minute) batch.write(remove(DUE, [minute, name]))
    const isDone = stream.record === undefined || batch.draft(stream).look(batch.now)
    return { answer: () => resume(Effect.succeed(isDone)) }
  },
  fail: (error) => resume(Effect.fail(error))
})

/** Forgets an idempotency key that is over. */
export const lookAtKey = (name: string, key: string, minute: number, resume: Resume<boolean>): Operation => ({
  name,
  key,
  bytes: 0,
  isUse: false,
  plan: (batch, stream) => {
    const known = batch.key(name, key)
    if (known?.due !== minute) batch.write(remove(DUE, [minute, name, key]))
    else lookAt(batch, stream, key)
    return { answer: () => resume(Effect.succeed(true)) }
  },
  fail: (error) => resume(Effect.fail(error))
})

const lookAt = (batch: Batch, stream: Parameters<Batch["draft"]>[0], key: string): void => {
  const { name } = stream
  const known = batch.key(name, key)!
  const draft = batch.draft(stream)
  const until = draft.keeps(known, batch.now) ? draft.record.entriesUntil : known.until
  if (until > batch.now) batch.putKey(name, key, { ...known, due: minuteAfter(until) })
  else batch.removeKey(name, key)
}

/** Tells an event of the channel behind the publications that wait. */
export const follow = (name: string, tell: () => void): Operation => ({
  name,
  key: "",
  bytes: OPERATION_BYTES,
  isUse: false,
  plan: () => ({ tell }),
  // Whatever became of them.
  fail: tell
})
