/**
 * What happens to client sessions and channels, for webhooks and for embedding programs: told synchronously, in order, and without waiting
 * for whoever listens.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export type SessionEvent =
  | {
      readonly _tag: "Disconnected"
      readonly client: string
      readonly user: string
      readonly code: number
      readonly reason: string
    }
  | {
      readonly _tag: "Unsubscribed"
      readonly client: string
      readonly user: string
      readonly channel: string
      readonly code: number
      readonly reason: string
    }
  /** The first subscriber over all processes came. */
  | { readonly _tag: "ChannelOccupied"; readonly channel: string }
  /** The last subscriber over all processes left. */
  | { readonly _tag: "ChannelVacated"; readonly channel: string }

export class SessionEvents extends Context.Service<
  SessionEvents,
  {
    readonly tell: (event: SessionEvent) => void
    /** Nobody listens to some of them: then they need not be told. */
    readonly wants: (tag: SessionEvent["_tag"]) => boolean
  }
>()("clarion/services/SessionEvents") {
  /** Nobody listens. */
  static readonly layerNobody = Layer.succeed(this, { tell: () => {}, wants: () => false })
}
