/**
 * Signatures of deliveries, in the form of Standard Webhooks (github.com/standard-webhooks/standard-webhooks): receivers verify them with its
 * libraries, or in a few lines of their own (docs/proxy.md).
 */
import { createHmac } from "node:crypto"
import { SECRET_PREFIX } from "../../config/webhookKeys.ts"

/** Behind `whsec_` stands the key in Base64; any other text is the key itself, in UTF-8. */
const keyOf = (secret: string): Buffer =>
  secret.startsWith(SECRET_PREFIX)
    ? Buffer.from(secret.slice(SECRET_PREFIX.length), "base64")
    : Buffer.from(secret)

/** Headers that tell who sent a body, and when: HMAC-SHA256 over `<id>.<timestamp>.<body>`. */
export const makeSigner = (secret: string) => {
  const key = keyOf(secret)
  /** @param time of this attempt, in milliseconds since the epoch */
  return (id: string, time: number, body: Uint8Array): Readonly<Record<string, string>> => {
    const timestamp = String(Math.floor(time / 1000))
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")
    return {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`
    }
  }
}
