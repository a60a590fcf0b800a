/** What is to be done with the log of a channel, what of it goes together, and how much of it may wait. */
import type { StreamPosition } from "../../hot/ChannelEvent.ts"
import { BrokerUnavailable } from "../Broker.ts"
import type { Draft } from "./LogState.ts"

/**
 * What one message takes at most beside its first operation, and what may wait for its turn or for NATS, of all channels together.
 */
export interface WriterBounds {
  readonly batchOperations: number
  readonly batchBytes: number
  readonly waitingOperations: number
  readonly waitingBytes: number
}

export const writerBounds: WriterBounds = {
  batchOperations: 256,
  batchBytes: 256 * 1024,
  waitingOperations: 100_000,
  waitingBytes: 64 * 2 ** 20
}

/** The idempotency key of an operation, which the log may hold already. No message holds two of a key. */
export interface KeyCheck {
  readonly key: string
  /** Up to this sequence the log does not hold it; changes as it is looked at. */
  since: number
  /** Nobody had published it when this was begun. */
  readonly isNew: boolean
  /** The log holds it there: the operation has its answer. */
  readonly found: (position: StreamPosition) => void
}

/** What the end of a log holds of keys. */
export interface KeysBehind {
  readonly found: ReadonlyMap<string, { readonly seq: number; readonly position: StreamPosition }>
  /** Behind this sequence no message was missing; what stood before it may be gone. */
  readonly wholeBehind: number
}

const UNSURE = new BrokerUnavailable({
  detail: "whether the publication with this idempotency key was stored is not in the history any more"
})

/** Something to be done with one log. Whoever waits for it gets the first answer; what may come behind that is nobody's. */
export interface Operation {
  readonly bytes: number
  /** Of the message, which then holds nothing else; "" is none. */
  readonly id: string
  /** Milliseconds since the epoch, when nobody waits for it any more. */
  readonly deadline: number
  /** Has to be looked for before it follows a message; absent: it may follow any. */
  readonly check?: KeyCheck
  /** Puts it into the next message; called again where another node came first. Answers what is called when that stands. */
  readonly plan: (draft: Draft) => () => void
  /** A message with its id stands already, there. */
  readonly repeat: (seq: number) => void
  readonly fail: (error: BrokerUnavailable) => void
}

/** Something that only keeps its place among the operations: it is sent when those before it are done. */
export interface Passing {
  readonly bytes: number
  /** @param done is to be called when NATS has it, or will not have it */
  readonly send: (done: () => void) => void
  readonly fail: (error: BrokerUnavailable) => void
}

export type Waiting = Operation | Passing

export const isPassing = (waiting: Waiting): waiting is Passing => "send" in waiting

/** Whether nothing is to be looked for that this message, or one before it, may hold. */
export const isCheckedUpTo = (operations: ReadonlyArray<Operation>, seq: number): boolean =>
  operations.every(({ check }) => check === undefined || check.since === seq)

/** Of what ends before that, another log was known, which is gone: its sequences say nothing. */
const sinceIn = ({ since }: KeyCheck, last: number): number => (since > last ? 0 : since)

/** Up to this sequence a log that ends at `last` holds none of their keys. */
export const leastChecked = (operations: ReadonlyArray<Operation>, last: number): number =>
  operations.reduce((least, { check }) => Math.min(least, check ? sinceIn(check, last) : least), last)

/** Those that have no key; the others fail. */
export const withoutChecked = (
  operations: ReadonlyArray<Operation>,
  error: BrokerUnavailable
): ReadonlyArray<Operation> => {
  for (const operation of operations) if (operation.check !== undefined) operation.fail(error)
  return operations.filter(({ check }) => check === undefined)
}

/** Those whose keys the log does not hold, which ends at `last`; the others have their answer. */
export const withoutKnown = (
  operations: ReadonlyArray<Operation>,
  keys: KeysBehind,
  last: number
): ReadonlyArray<Operation> =>
  operations.filter(({ check, fail }) => {
    if (check === undefined) return true
    const since = sinceIn(check, last)
    const found = keys.found.get(check.key)
    // What stands further back had the key when that was another publication's: it is looked at for others.
    if (found !== undefined && found.seq > since) check.found(found.position)
    else if (keys.wholeBehind > since && !check.isNew) fail(UNSURE)
    else {
      check.since = last
      return true
    }
    return false
  })

/** What waits, from when it comes until it is answered: how much of it there is, and whether more may come. */
export class Room {
  waiting = 0
  #bytes = 0

  constructor(readonly bounds: Pick<WriterBounds, "waitingOperations" | "waitingBytes">) {}

  /** Why more is refused; undefined: there is room. */
  get refusal(): BrokerUnavailable | undefined {
    const { waitingOperations, waitingBytes } = this.bounds
    if (this.waiting < waitingOperations && this.#bytes <= waitingBytes) return undefined
    const detail = `${this.waiting} publications of ${this.#bytes} bytes wait for NATS already`
    return new BrokerUnavailable({ detail })
  }

  enter({ bytes }: Waiting): void {
    this.waiting++
    this.#bytes += bytes
  }

  leave({ bytes }: Waiting): void {
    this.waiting--
    this.#bytes -= bytes
  }
}

/** Takes the operations of the next message out of a queue. What has an id goes alone, and of a key there is one. */
export const takeTogether = (
  queue: Array<Waiting>,
  { batchOperations, batchBytes }: Pick<WriterBounds, "batchOperations" | "batchBytes">
): ReadonlyArray<Operation> => {
  const keys = new Set<string>()
  let [taken, bytes] = [0, 0]
  for (const waiting of queue) {
    if (isPassing(waiting)) break
    bytes += waiting.bytes
    const { id, check } = waiting
    const isFull = taken === batchOperations || bytes > batchBytes
    if (taken > 0 && (id !== "" || isFull || (check !== undefined && keys.has(check.key)))) break
    taken++
    if (id !== "") break
    if (check !== undefined) keys.add(check.key)
  }
  return queue.splice(0, taken) as Array<Operation>
}
