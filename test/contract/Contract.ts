/** What every suite of the transport contract is given: a way to start a server on the transport under test. */
import type { HooksShape } from "../../src/services/Hooks.ts"
import type { Served, Settings, TransportName } from "../support/server/serve.ts"

export interface Contract {
  readonly transport: TransportName
  readonly isSecure: boolean
  readonly start: (settings?: Settings, hooks?: HooksShape) => Promise<Served>
}
