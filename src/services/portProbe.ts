/**
 * Finds out whether an address can be listened on, with a clear reason when not, and which port it will be.
 *
 * uWebSockets.js shares ports by SO_REUSEPORT, so a second server on one port would not fail but quietly take half of the
 * connections; and it reports every failure as `false`. A plain socket, opened first and closed again, tells.
 */
import { createServer } from "node:net"
import * as Effect from "effect/Effect"
import { ListenFailed } from "./Transport.ts"

const reasons: Readonly<Record<string, ListenFailed["reason"]>> = {
  EADDRINUSE: "portInUse",
  EADDRNOTAVAIL: "addressNotAvailable",
  ENOTFOUND: "addressNotAvailable",
  EACCES: "notPermitted",
  EPERM: "notPermitted"
}

export const listenFailed = (ip: string, port: number, error: NodeJS.ErrnoException): ListenFailed =>
  new ListenFailed({ ip, port, reason: reasons[error.code ?? ""] ?? "other", detail: error.message })

/** The port to listen on: `port` itself, or a free one for 0. */
export const probePort = (ip: string, port: number): Effect.Effect<number, ListenFailed> =>
  Effect.callback<number, ListenFailed>((resume) => {
    const server = createServer()
    server.once("error", (error) => resume(Effect.fail(listenFailed(ip, port, error))))
    server.listen({ host: ip, port, exclusive: true }, () => {
      const bound = server.address()
      server.close(() =>
        resume(Effect.succeed(typeof bound === "object" && bound !== null ? bound.port : port))
      )
    })
  })
