/** The API key that a request brings: `X-API-Key: <key>`, else `Authorization: apikey <key>`, else `?api_key=<key>`. */
import type { PlainRequest } from "./Transport.ts"

export const givenKey = ({ headers, query }: PlainRequest): string | undefined =>
  headers.get("x-api-key") ??
  /^apikey (.+)$/i.exec(headers.get("authorization") ?? "")?.[1] ??
  new URLSearchParams(query).get("api_key") ??
  undefined
