/** Ids of idempotency keys at NATS. */
import { createHash } from "node:crypto"

/** Of a channel and a key, different for each pair: the length says where the channel ends. */
export const keyIdOf = (channel: string, key: string): string =>
  createHash("sha256").update(`${channel.length} ${channel}${key}`).digest("base64url")
