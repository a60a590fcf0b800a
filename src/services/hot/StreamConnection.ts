/** HOT PATH. A connection that is the body of an HTTP answer that goes on: bytes to the client, as they are, and nothing back. */

import { Connection } from "./Connection.ts"
import type { Intake } from "./Intake.ts"
import type { WatchedConnection } from "./StalledWrites.ts"

/** What all streams of a listener share. */
export interface StreamHost {
  readonly intake: Intake
  /** Bytes that may wait for one client; the message that passes the limit is still taken. */
  readonly sendBuffer: number
}

export abstract class StreamConnection extends Connection implements WatchedConnection {
  /** Whether it takes more: it has neither ended nor been told to. */
  abstract readonly isOpen: boolean
  abstract readonly progress: number
  abstract override send(data: Uint8Array): boolean

  /** @param countedAs the address that the admission counts; empty when it counts none */
  constructor(
    readonly host: StreamHost,
    readonly countedAs: string
  ) {
    super()
  }

  override get isSession(): boolean {
    return true
  }

  /** A stream has no pings of its own. */
  ping(): void {}
}
