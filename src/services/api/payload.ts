/** Payloads of requests, which come as JSON or in base64. */

const NONE = new Uint8Array()

/** Standard base64 with its padding. */
const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)

/** The bytes of a payload; base64 counts before JSON. None when there is neither, undefined when it is not base64. */
export const payloadOf = (
  json: Uint8Array | undefined,
  base64: string | undefined
): Uint8Array | undefined => {
  if (base64 === undefined || base64 === "") return json ?? NONE
  return isBase64(base64) ? Buffer.from(base64, "base64") : undefined
}
