/** uWebSockets.js as bench servers need it: an app, and a line that says where it listens. */
import type { TemplatedApp, us_listen_socket } from "uWebSockets.js"

/** What its types lack, and official builds name otherwise. */
interface Module {
  readonly App: () => TemplatedApp
  readonly getSocketPort?: (socket: us_listen_socket) => number
  readonly us_socket_local_port?: (socket: us_listen_socket) => number
}

const imported: unknown = await import("uWebSockets.js")
const uws = (imported as { readonly default: Module }).default

export const app = uws.App()

export const listen = (): void => {
  app.listen("127.0.0.1", 0, (listener) => {
    if (listener === false) throw new Error("uWebSockets.js could not bind")
    console.log(`listening on ${(uws.getSocketPort ?? uws.us_socket_local_port!)(listener)}`)
  })
}
