/** Reads and tries the files of `server.tls`, so that a wrong one is an error at start and not at the first client. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import type { ServerConfigValue } from "../config/ServerConfig.ts"
import { ListenFailed } from "./Transport.ts"

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: Buffer
  readonly key: Buffer
}

/** Undefined where TLS is not configured. */
export const readCertificate = ({
  server: { ip, port, tls }
}: ServerConfigValue): Effect.Effect<Certificate | undefined, ListenFailed> =>
  Effect.tryPromise({
    try: async () => {
      if (tls.cert === undefined || tls.key === undefined) return undefined
      const { createSecureContext } = await import("node:tls")
      const [cert, key] = [readFileSync(tls.cert), readFileSync(tls.key)]
      createSecureContext({ cert, key })
      return { certFile: tls.cert, keyFile: tls.key, cert, key }
    },
    catch: (error) => new ListenFailed({ ip, port, reason: "tls", detail: (error as Error).message })
  })
