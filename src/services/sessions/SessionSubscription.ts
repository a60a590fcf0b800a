/** A session's subscription, with what the session has to know of it. */
import type { ChannelOptions } from "../../config/channelKeys.ts"
import { Subscription } from "../hot/Subscription.ts"

export class SessionSubscription extends Subscription {
  /** What the channel can do for this subscriber: options of its namespace, and what the grant says otherwise. */
  options!: ChannelOptions
  /** Made by the server, not by a command of the client. */
  isServerSide = false
  /** JSON that others see beside the user in this channel. */
  chanInfo: Uint8Array | undefined
  /** Seconds since the epoch; undefined: it does not expire. */
  expireAt: number | undefined
  /** Others have been told, or will be, that it is there. */
  hasJoined = false

  get channel(): string {
    return this.room.channel
  }
}
