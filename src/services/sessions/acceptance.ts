/** What every route of the protocol looks at before a connection: where the page comes from, and who the client may be. */

import { cookieValue } from "../auth/cookies.ts"
import type { ClientFacts } from "../backend/Backend.ts"
import type { Refusal } from "../hot/Admission.ts"
import type { Handshake } from "./Handshake.ts"
import type { SessionEnv } from "./SessionEnv.ts"

export const FORBIDDEN_ORIGIN: Refusal = {
  status: 403,
  reason: "origin",
  message: "pages of this origin may not connect: client.allowedOrigins"
}

type Headers = ReadonlyMap<string, string>

const NO_HEADERS: Headers = new Map()

/** Only what may be asked for: it is kept as long as the connection. */
const kept = (headers: Headers, wants: (name: string) => boolean): Headers => {
  const found = [...headers].filter(([name]) => wants(name))
  return found.length === 0 ? NO_HEADERS : new Map(found)
}

export const handshakeOf = (
  { config, backend }: SessionEnv,
  transport: ClientFacts["transport"],
  headers: Headers,
  { hasFramePings = false, hasPings = true, wantsDisconnectPush = false } = {}
): Handshake => {
  const { token, userIdHttpHeader } = config.client
  const cookies = headers.get("cookie")
  return {
    transport,
    headers: kept(headers, backend.wantsHeader),
    cookieToken:
      token.cookie === undefined || cookies === undefined ? undefined : cookieValue(cookies, token.cookie),
    headerUser:
      userIdHttpHeader === undefined ? undefined : headers.get(userIdHttpHeader.toLowerCase()) || undefined,
    hasFramePings,
    hasPings,
    wantsDisconnectPush
  }
}
