/** What all streams of a listener share. */
import type { Intake } from "./Intake.ts"

export interface StreamHost {
  readonly intake: Intake
  /** Bytes that may wait for one client; the message that passes the limit is still taken. */
  readonly sendBuffer: number
}
