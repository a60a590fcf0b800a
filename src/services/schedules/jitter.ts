/** How much later than due a run begins, so that many schedules of the same minute do not all begin in its first millisecond. */
import { hash } from "node:crypto"
import { nextDue } from "./occurrences.ts"
import type { Trigger } from "./Schedule.ts"

/** Bytes of the hash that are used, and how many values they have. */
const BYTES = 6
const VALUES = 2 ** 48

/**
 * Milliseconds from 0 to `jitter`, both included, evenly spread over ids and due times. The same for the same arguments in every process,
 * for a run that is delayed again after a restart must not be delayed differently.
 */
export const jitterOf = (id: string, due: number, jitter: number): number => {
  if (jitter <= 0) return 0
  const drawn = hash("sha256", `${due} ${id}`, "buffer").readUIntBE(0, BYTES)
  return Math.floor((drawn / VALUES) * (jitter + 1))
}

/**
 * When the run of a due time begins. Always before the next due time, whatever the jitter: due times of cron may be near each other, and
 * runs stay in the order of their due times.
 */
export const fireAtOf = (id: string, trigger: Trigger, due: number, jitter: number): number => {
  if (jitter <= 0) return due
  const next = nextDue(trigger, due)
  return due + jitterOf(id, due, next === undefined ? jitter : Math.min(jitter, next - due - 1))
}
