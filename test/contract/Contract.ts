/** What every suite of the transport contract is given: ways to start a server on the transport under test. */
import type { HooksShape } from "../../src/services/Hooks.ts"
import type { Listening, ListenSetup } from "../support/server/listen.ts"
import type { Served, Settings, TransportName } from "../support/server/serve.ts"

export interface Contract {
  readonly transport: TransportName
  readonly isSecure: boolean
  readonly start: (settings?: Settings, hooks?: HooksShape) => Promise<Served>
  /** The transport alone. */
  readonly listen: (setup: ListenSetup) => Promise<Listening>
}
