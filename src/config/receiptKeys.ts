/** Receipts: what became of broadcasts and of the runs of schedules, kept for a while. */
import * as Duration from "effect/Duration"
import { key } from "./Keys.ts"
import * as Kind from "./Kind.ts"

export const receiptKeys = {
  "receipts.retention": key(
    Kind.positiveDuration,
    Duration.days(7),
    "how long receipts are kept, and schedules and runs that are over"
  ),
  "receipts.max": key(
    Kind.integer(1, 10_000_000),
    100_000,
    "receipts that are kept at most; the oldest go first"
  ),
  "receipts.acknowledgement": key(
    Kind.boolean,
    false,
    "clients may say that they have it; a receipt counts who did"
  ),
  "receipts.acknowledgeWithin": key(
    Kind.positiveDuration,
    Duration.minutes(1),
    "time after publishing in which they may"
  )
}
