/** The transport on uWebSockets.js, whose binary is loaded late: not every Node has one. */

import type * as uWS from "uWebSockets.js"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig, type ServerConfigValue } from "../../config/ServerConfig.ts"
import { type Certificate, readCertificate } from "../certificate.ts"
import { checkUpgrade } from "../hot/upgradeRequest.ts"
import { bodyLimits } from "../httpReply.ts"
import { probePort } from "../portProbe.ts"
import { type Listener, ListenFailed, type ListenOptions, Transport } from "../Transport.ts"
import { makeListenSockets } from "./listenSockets.ts"
import { streamOpener } from "./openUwsStream.ts"
import { uwsFanOut } from "./UwsFanOut.ts"
import { answerer } from "./uwsHttp.ts"
import { rawBehaviour, refuse, sessionBehaviour, upgradeHeaders } from "./uwsUpgrade.ts"

/** The module as it really is: the package's types lack what its binary has, and official builds name two functions otherwise. */
interface UwsModule {
  readonly App: () => UwsApp
  readonly SSLApp: (options: uWS.AppOptions) => UwsApp
  readonly closeSocket?: (socket: uWS.us_listen_socket) => void
  readonly us_listen_socket_close?: (socket: uWS.us_listen_socket) => void
}
type UwsApp = uWS.TemplatedApp & { readonly close: () => void }

const createApp = (module: UwsModule, certificate: Certificate | undefined): UwsApp =>
  certificate === undefined
    ? module.App()
    : module.SSLApp({ cert_file_name: certificate.certFile, key_file_name: certificate.keyFile })

const listen = (module: UwsModule, config: ServerConfigValue) =>
  Effect.fnUntraced(function* (options: ListenOptions) {
    const { ip } = config.server
    const certificate = yield* readCertificate(config)
    const port = options.sharedPort ?? (yield* probePort(ip, config.server.port))
    const app = yield* Effect.acquireRelease(
      Effect.sync(() => createApp(module, certificate)),
      (app) => Effect.sync(() => app.close())
    )
    for (const [path, route] of options.upgrades ?? []) app.ws(path, sessionBehaviour(options, config, route))
    app.ws("/*", rawBehaviour(options, config))
    const answer = answerer(bodyLimits(options, config), options.http, streamOpener(options, config))
    app.any("/*", (response, request) => {
      // A handshake whose key has not the right length is not routed to the upgrade, but here.
      const refusal =
        request.getHeader("upgrade") === ""
          ? undefined
          : checkUpgrade(request.getMethod(), upgradeHeaders(request))
      if (refusal !== undefined) refuse(response, options.intake.refuse(refusal))
      else answer(response, request)
    })
    const bind = () => {
      let bound: uWS.us_listen_socket | false = false
      app.listen(ip, port, (socket) => {
        bound = socket
      })
      return bound
    }
    const sockets = yield* makeListenSockets(
      config.limits.backlog,
      bind,
      module.closeSocket ?? module.us_listen_socket_close!
    )
    if (!sockets.isBound) {
      return yield* new ListenFailed({ ip, port, reason: "other", detail: "uWebSockets.js could not bind" })
    }
    const listener: Listener = { port, stopAccepting: sockets.close }
    return listener
  })

/** @param module what `loadUws` found */
export const layerUws = (module: UwsModule) =>
  Layer.effect(
    Transport,
    Effect.map(ServerConfig, (config) =>
      Transport.of({ name: "uws", fanOut: uwsFanOut, listen: listen(module, config) })
    )
  )

/** The module, or why it cannot be loaded here. */
export const loadUws: Effect.Effect<UwsModule, Error> = Effect.tryPromise({
  try: async () => {
    const imported: unknown = await import("uWebSockets.js")
    return (imported as { readonly default: UwsModule }).default
  },
  catch: (error) => error as Error
})
