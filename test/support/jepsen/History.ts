/**
 * What was recorded of a cluster from outside: operations with their outcome, what each client was delivered, reads, schedules, and the faults
 * that were made. The order of the events is the order in which the recording process saw them; an invocation is recorded before its request
 * leaves, an outcome after its answer came.
 */
import { readFileSync, writeFileSync } from "node:fs"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const Position = Schema.Struct({ offset: Schema.Int, epoch: Schema.String })
const Entry = Schema.Struct({ offset: Schema.Int, payload: Schema.String })

/** Milliseconds since the epoch, with fractions, of one machine's clock that does not go back. */
const at = Schema.Finite
const event = <F extends Schema.Struct.Fields>(fields: F) => Schema.Struct({ at, ...fields })

const events = {
  /** One attempt to publish. Attempts of one payload share its idempotency key; without a key there is one attempt. */
  invoke: event({
    op: Schema.Int,
    by: Schema.String,
    node: Schema.String,
    channel: Schema.String,
    payload: Schema.String,
    key: Schema.optionalKey(Schema.String)
  }),
  ok: event({ op: Schema.Int, position: Position }),
  /** It is certain that nothing was published by it. */
  fail: event({ op: Schema.Int, error: Schema.String }),
  /** It may have been published, or be published later. */
  unknown: event({ op: Schema.Int, error: Schema.String }),
  /** The server agreed to a subscription. Where it `recovered`, what was missed follows as deliveries. */
  subscribed: event({
    client: Schema.String,
    channel: Schema.String,
    node: Schema.String,
    wasRecovering: Schema.Boolean,
    recovered: Schema.Boolean,
    position: Position
  }),
  delivered: event({
    client: Schema.String,
    channel: Schema.String,
    offset: Schema.Int,
    payload: Schema.String
  }),
  /** The server ended it for good: the client does not come back by itself. */
  ended: event({ client: Schema.String, channel: Schema.String, reason: Schema.String }),
  /** The whole history of a channel, asked for at `asked`. */
  read: event({
    asked: at,
    node: Schema.String,
    channel: Schema.String,
    position: Position,
    entries: Schema.Array(Entry)
  }),
  /** A schedule was asked for, or asked to be changed: due at `start`, `start + every`, … before `end`; endless without one. */
  schedule: event({
    id: Schema.String,
    channel: Schema.String,
    start: at,
    every: Schema.Finite,
    end: Schema.optionalKey(at)
  }),
  /** The last one that was asked for of this id is as it was asked for. */
  scheduled: event({ id: Schema.String }),
  /** Its records, when it was over, and what became of each. */
  runs: event({
    id: Schema.String,
    node: Schema.String,
    runs: Schema.Array(Schema.Struct({ due: at, outcome: Schema.String }))
  }),
  /** What was done to the cluster. From then on until the next one, runs that fall due are published within so many ms; without it, whenever. */
  fault: event({ does: Schema.String, runsWithinMs: Schema.optionalKey(Schema.Finite) }),
  /** So many ms the processes of the cluster have waited for a CPU since the one before (CpuWaits.ts). */
  waited: event({ ms: Schema.Finite }),
  /** Everything was healed, and every client had the time to get what it will get. */
  settled: event({})
}

type Events = { readonly [T in keyof typeof events]: Schema.Schema.Type<(typeof events)[T]> }

export type EventType = keyof Events
export type EventOf<T extends EventType> = { readonly type: T } & Events[T]
export type HistoryEvent = { [T in EventType]: EventOf<T> }[EventType]
export type Position = typeof Position.Type

const typed = Object.entries(events).map(([type, { fields }]) =>
  Schema.Struct({ type: Schema.Literal(type), ...fields })
)

const HistoryFile = Schema.Struct({
  version: Schema.Literal(1),
  /** Of the random choices of the run; faults and publishers repeat with it, their timing does not. */
  seed: Schema.Int,
  events: Schema.Array(Schema.Union(typed))
})

export interface History {
  readonly seed: number
  readonly events: ReadonlyArray<HistoryEvent>
}

const decode = Schema.decodeUnknownResult(HistoryFile, { onExcessProperty: "error" })

/** One event a line, so that a history can be read and cut with the tools of the shell. */
export const writeHistory = (path: string, { seed, events }: History): void => {
  const head = JSON.stringify({ version: 1, seed }).slice(0, -1)
  writeFileSync(path, `${head},"events":[\n${events.map((one) => JSON.stringify(one)).join(",\n")}\n]}\n`)
}

/** Throws where the file is none, with what is wrong in it. */
export const readHistory = (path: string): History => {
  const { seed, events } = Result.getOrThrow(decode(JSON.parse(readFileSync(path, "utf8"))))
  return { seed, events: events as unknown as ReadonlyArray<HistoryEvent> }
}
