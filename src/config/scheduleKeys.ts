/** Schedules: how many, how late they may be, and how large a request for one is. */
import * as Duration from "effect/Duration"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"

export const scheduleKeys = {
  "schedules.max": key(Kind.integer(0), 2_000_000, "schedules that are kept; more are refused"),
  "schedules.lateness": key(
    Kind.duration,
    Duration.seconds(10),
    "how late a run may begin; one that is later was missed, and catchUp of its schedule decides"
  ),
  "schedules.catchUpRuns": key(
    Kind.integer(1, 10_000),
    100,
    "runs of one schedule that are caught up at once; older ones are left out"
  ),
  "schedules.channels": key(Kind.integer(1, 1_000_000), 10_000, "channels of one schedule"),
  "schedules.dataSize": key(
    Kind.integer(1, 16_777_216),
    65_536,
    "bytes of what one schedule publishes, and of its template"
  )
}

export type SchedulesConfig = ConfigOf<typeof scheduleKeys>["schedules"]
