/** Binds a Node server, with a clear failure; errors of a server that listens are logged and end nothing. */
import type { ListenOptions, Server } from "node:net"
import * as Effect from "effect/Effect"
import { listenFailed } from "./portProbe.ts"
import type { ListenFailed } from "./Transport.ts"

/** The bound port. */
export const bindServer = Effect.fnUntraced(function* (
  server: Server,
  options: ListenOptions & { readonly host: string; readonly port: number }
) {
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  return yield* Effect.callback<number, ListenFailed>((resume) => {
    server.once("error", (error) => resume(Effect.fail(listenFailed(options.host, options.port, error))))
    server.listen(options, () => {
      server.removeAllListeners("error")
      // Accepting can fail for want of memory or descriptors: without a listener, that would end the process.
      server.on("error", (error) => fork(Effect.logError(`accepting failed: ${error.message}`)))
      const bound = server.address()
      resume(Effect.succeed(typeof bound === "object" && bound !== null ? bound.port : options.port))
    })
  })
})
