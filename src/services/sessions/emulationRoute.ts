/** Commands of clients whose connection is one-way: /emulation. They go to the process that holds the session. */
import { isUtf8 } from "node:buffer"
import * as Effect from "effect/Effect"
import { decodeEmulation, type Emulation as Emulated } from "../../protocol/centrifuge/json.ts"
import * as Protobuf from "../../protocol/centrifuge/protobuf.ts"
import type { Emulation } from "../Emulation.ts"
import type { PlainAnswer, PlainRequest } from "../Transport.ts"
import { FORBIDDEN_ORIGIN } from "./acceptance.ts"
import { corsHeaders, noContent, notAllowed, plainText, preflight } from "./httpHeaders.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import type { HttpRoute } from "./streamRoutes.ts"

const METHODS = "POST, OPTIONS"

const decode = ({ headers, body }: PlainRequest): Emulated | undefined => {
  if (headers.get("content-type")?.startsWith("application/octet-stream") === true)
    return Protobuf.decodeEmulation(body)
  return isUtf8(body) ? decodeEmulation(body.toString()) : undefined
}

const FAILURES = {
  unknownNode: [404, "there is no such node"],
  unavailable: [503, "the node that holds the session does not answer"]
} as const

/** Answered when the commands are on their way; the replies travel on the stream. */
export const emulationRoute =
  (env: SessionEnv, emulation: Emulation["Service"]): HttpRoute =>
  (request): PlainAnswer | Promise<PlainAnswer> => {
    const { method, headers } = request
    if (!env.isAllowedOrigin(headers)) return plainText(403, FORBIDDEN_ORIGIN.message)
    if (method === "OPTIONS") return preflight(request, METHODS)
    if (method !== "POST") return notAllowed(METHODS)
    const emulated = decode(request)
    if (emulated === undefined)
      return plainText(400, "this is not an emulation request", corsHeaders(request))
    const { node, session, data } = emulated
    if (node === env.node) {
      emulate(env, session, data)
      return noContent(request)
    }
    return Effect.runPromise(
      Effect.map(emulation.forward(node, session, data), (how) => {
        if (how === "done") return noContent(request)
        const [status, message] = FAILURES[how]
        return plainText(status, message, corsHeaders(request))
      })
    )
  }

/** Commands for a session of this process; those for one that is gone are dropped. */
export const emulate = ({ registry }: SessionEnv, id: string, data: Uint8Array): void => {
  const session = registry.emulated(id)
  if (session?.wire.isUnidirectional === false) session.message(session.connection, data)
}
