/** A part of a log that is to be read, and what it costs. */
import type { Mark } from "./marks.ts"
import type { LogRecord } from "./records.ts"

/** A message of a log. */
export interface Stored {
  readonly seq: number
  /** Undefined: it cannot be read. */
  readonly record: LogRecord | undefined
}

/** What is behind a mark, up to the log's last message, which is known, or to a sequence before it: then nothing is known of that. */
export interface LogPart {
  readonly channel: string
  readonly after: Mark
  readonly last: Stored
  /** Its messages at most; absent: as its last one says. */
  readonly length?: number
}

/**
 * CPU time of NATS and this node together, in microseconds: for a message that is asked for, for a consumer, for a message that it looks at, and for
 * one that it delivers. Measured with nats-server 2.9.10 and 250,000 messages (docs/decisions/0031-nats-broker.md).
 */
const ASKED = 90
const CONSUMER = 700
const LOOKED_AT = 0.085
const DELIVERED = 5

/** Messages of the stream from its beginning to its end. */
export const spanOf = ({ after, last }: LogPart): number => Math.max(1, last.seq - after.seq)

/** Its own messages, about. */
export const lengthOf = (part: LogPart): number =>
  part.length ??
  Math.min(spanOf(part), Math.max(1, (part.last.record?.state.offset ?? 0) - part.after.offset))

/** To ask for each of its messages: who knows none of them does not know which these are. */
export const askingCost = (part: LogPart): number =>
  part.last.record === undefined ? Number.POSITIVE_INFINITY : ASKED * lengthOf(part)

/** To have NATS look for them. */
export const consumerCost = (part: LogPart): number =>
  CONSUMER + LOOKED_AT * spanOf(part) + DELIVERED * lengthOf(part)

/** To have all messages of so long a part of the stream delivered. */
export const sweepCost = (span: number): number => CONSUMER + DELIVERED * span
