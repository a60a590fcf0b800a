/** Numbers that come from other processes: what JavaScript has besides, such as NaN, would be taken for a count and shown. */
import * as Schema from "effect/Schema"

/** Whole, and not less than 0. */
export const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** Milliseconds since the epoch, with fractions, as far as there are dates. */
export const Moment = Schema.Number.check(Schema.isBetween({ minimum: -8.64e15, maximum: 8.64e15 }))
