/** Whether the browser reached us by TLS: ours, or that of a gateway before us. */
import type { PlainRequest } from "../Transport.ts"

/** @param hasTls `server.tls` is set */
export const isSecure = (hasTls: boolean, { headers }: PlainRequest): boolean =>
  // Of several gateways the first is the one that the browser reached.
  hasTls || /^\s*https\s*(,|$)/i.test(headers.get("x-forwarded-proto") ?? "")
