/** In a cluster, the id of a process begins with the uid of its node: whoever has the one knows where the other is. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { NatsLink } from "../nats/NatsLink.ts"
import { ProcessIds } from "../processes/ProcessIds.ts"

const UID_CHARACTERS = 36

export const layer = Layer.effect(
  ProcessIds,
  Effect.map(NatsLink, ({ uid }) => {
    let next = 0
    return () => `${uid}.${next++}`
  })
)

/** Uid of the node that has the process. */
export const nodeOf = (process: string): string => process.slice(0, UID_CHARACTERS)
