/**
 * What an embedding program may hang into the life of a connection. All are optional, and absent by default: a handshake that
 * nobody wants to be asked about, and a message that nobody wants to read, cost nothing.
 *
 * `onMessage` and `onClose` run one after the other, in the order in which things happened; what takes long is to be forked. At most
 * `limits.hookQueue` messages wait; more are dropped and counted, closes never. A hook that fails is logged, and nothing else happens.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Connection } from "./hot/Connection.ts"
import type { ConnectRequest } from "./Transport.ts"

/** A hook's refusal of a connection, as the client sees it: an HTTP status and a sentence. */
export interface Refused {
  readonly status: number
  readonly message: string
}

export interface HooksShape {
  /**
   * Asked before the upgrade. It succeeds with what `connection.attachment` shall be, or fails with a refusal; a defect, or no answer
   * within `limits.handshakeTimeout`, is a 503.
   */
  readonly onConnect?: (request: ConnectRequest) => Effect.Effect<unknown, Refused>
  /** A message of a client. The bytes are a copy. `raw.onMessage` is done besides. */
  readonly onMessage?: (
    connection: Connection,
    data: Uint8Array,
    isBinary: boolean
  ) => Effect.Effect<void, unknown>
  /** The connection is gone; 1006 is an end without a close frame. */
  readonly onClose?: (connection: Connection, code: number) => Effect.Effect<void, unknown>
}

export const Hooks = Context.Reference<HooksShape>("clarion/services/Hooks", { defaultValue: () => ({}) })
