/** Ids of processes that hold connections, another one for each life of one. Clients are told them, and name them when they come another way. */
import { randomUUID } from "node:crypto"
import * as Context from "effect/Context"

/** Makes the next one. */
export const ProcessIds = Context.Reference<() => string>("clarion/services/ProcessIds", {
  defaultValue: () => randomUUID
})
