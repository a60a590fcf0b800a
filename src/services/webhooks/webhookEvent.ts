/** Events as receivers of webhooks see them. */
import type { WebhookEventName } from "../../config/webhookKeys.ts"
import type { SessionEvent } from "../SessionEvents.ts"

const NAMES: { readonly [T in SessionEvent["_tag"]]: WebhookEventName } = {
  Disconnected: "disconnected",
  Unsubscribed: "unsubscribed",
  ChannelOccupied: "channel_occupied",
  ChannelVacated: "channel_vacated"
}

export const eventName = (tag: SessionEvent["_tag"]): WebhookEventName => NAMES[tag]

/** @param time milliseconds since the epoch */
export const encodeEvent = ({ _tag, ...event }: SessionEvent, id: string, time: number): string =>
  JSON.stringify({ id, type: eventName(_tag), timestamp: time, ...event })
