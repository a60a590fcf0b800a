/** Where a publication that is part of a receipt goes. */
import type { Hub } from "../Hub.ts"
import { BROADCAST_CHANNEL } from "../hot/ChannelEvent.ts"

/** A channel, or null: all raw connections. */
export type Destination = string | null

/** Whether anybody in this node hears what goes there. */
export const isHeard = ({ listened }: Hub["Service"], destination: Destination): boolean =>
  destination === null || destination === BROADCAST_CHANNEL || listened.has(destination)
