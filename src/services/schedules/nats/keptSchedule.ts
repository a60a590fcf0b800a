/** What one key of the bucket has: a schedule with its runs that are not over, so that both change in one write. */
import { isMessagePack } from "../../nats/messagePack.ts"
import { CHECKSUM_BYTES, DAMAGED, valueFromBytes, valueToBytes } from "../../store/storedValue.ts"
import type { Run, Schedule } from "../Schedule.ts"
import { isKeptOf, isRun } from "./keptShape.ts"

/** A run that is not over, and whose it is. */
export interface OpenRun {
  readonly run: Run
  /** The node that has begun it. */
  readonly by: string
  /** Of the leader that has begun it; 0: somebody asked that node for it. */
  readonly fence: number
}

export interface KeptSchedule {
  /** Undefined: it is not kept any more. */
  readonly schedule: Schedule | undefined
  readonly open: ReadonlyArray<OpenRun>
  /** Runs that ended with this write or were not known to be in the history of runs at the time: they are brought there behind it. */
  readonly ended: ReadonlyArray<Run>
}

export const NOTHING: KeptSchedule = { schedule: undefined, open: [], ended: [] }

/** Of the format, in the first byte: what a later version writes in another one is not read as this one. */
const VERSION = 1

const versioned = (value: unknown): Uint8Array => Buffer.concat([Buffer.of(VERSION), valueToBytes(value)])

/** @throws what is damaged in a way that its checksum does not show */
const unversioned = (bytes: Uint8Array): unknown => {
  if (bytes[0] !== VERSION) return DAMAGED
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.length - 1)
  return isMessagePack(body.subarray(CHECKSUM_BYTES)) ? valueFromBytes(body, body.length) : DAMAGED
}

/** Undefined: what it has in it cannot be known. */
const valueIn = (bytes: Uint8Array): unknown => {
  try {
    return unversioned(bytes)
  } catch {
    return undefined
  }
}

/** Nothing is no bytes: so a key is removed, and its revisions go on. */
export const keptToBytes = (kept: KeptSchedule): Uint8Array =>
  kept.schedule === undefined && kept.open.length === 0 && kept.ended.length === 0
    ? new Uint8Array(0)
    : versioned(kept)

/** Undefined: it cannot be read; written by a later version, damaged, or none of this schedule. */
export const keptFromBytes = (id: string, bytes: Uint8Array): KeptSchedule | undefined => {
  if (bytes.length === 0) return NOTHING
  const value = valueIn(bytes)
  return isKeptOf(id, value) ? value : undefined
}

export const runToBytes = (run: Run): Uint8Array => versioned(run)

export const runFromBytes = (bytes: Uint8Array): Run | undefined => {
  const value = valueIn(bytes)
  return isRun(value) ? value : undefined
}
