/** What is to be done with the log of a channel, and how much of it may wait. */
import type { StreamPosition } from "../../hot/ChannelEvent.ts"
import type { BrokerUnavailable } from "../Broker.ts"
import type { Draft } from "./LogState.ts"

/** What one message takes at most beside its first operation, and what may wait for all channels together. */
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
  /** Up to this sequence the log does not hold it; grows as it is looked at. */
  since: number
  /** The log holds it there: the operation has its answer. */
  readonly found: (position: StreamPosition) => void
}

/** Something to be done with one log. */
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
  readonly send: () => void
  readonly fail: (error: BrokerUnavailable) => void
}

export type Waiting = Operation | Passing

export const isPassing = (waiting: Waiting): waiting is Passing => "send" in waiting

/** Up to this sequence the log holds none of their keys; infinite where they have none. */
export const leastChecked = (operations: ReadonlyArray<Operation>): number =>
  operations.reduce((least, { check }) => Math.min(least, check?.since ?? least), Number.POSITIVE_INFINITY)

/** Those whose keys were not found up to that sequence; the others have their answer. */
export const withoutKnown = (
  operations: ReadonlyArray<Operation>,
  keys: ReadonlyMap<string, StreamPosition>,
  upTo: number
): ReadonlyArray<Operation> =>
  operations.filter(({ check }) => {
    const position = check && keys.get(check.key)
    if (position !== undefined) check!.found(position)
    else if (check !== undefined) check.since = Math.max(check.since, upTo)
    return position === undefined
  })
