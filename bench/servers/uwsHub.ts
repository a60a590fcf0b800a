/**
 * A bare uWebSockets.js hub: whatever one client sends, all hear. `publish` leaves the fan-out to its topic tree, `loop` sends to one
 * socket after the other. Usage: node uwsHub.js publish|loop
 */
import type { TemplatedApp, us_listen_socket, WebSocket } from "uWebSockets.js"

/** What its types lack, and official builds name otherwise. */
interface Module {
  readonly App: () => TemplatedApp
  readonly getSocketPort?: (socket: us_listen_socket) => number
  readonly us_socket_local_port?: (socket: us_listen_socket) => number
}

const imported: unknown = await import("uWebSockets.js")
const uws = (imported as { readonly default: Module }).default
const app = uws.App()
const sockets = new Set<WebSocket<unknown>>()
const isPublishing = process.argv[2] === "publish"

app.ws("/*", {
  maxPayloadLength: 65_536,
  idleTimeout: 120,
  open: (socket) => {
    if (isPublishing) socket.subscribe("all")
    else sockets.add(socket)
  },
  message: (_, message, isBinary) => {
    if (isPublishing) {
      app.publish("all", message, isBinary)
      return
    }
    // A view crosses into C++ cheaper than the ArrayBuffer itself.
    const bytes = new Uint8Array(message)
    for (const socket of sockets) socket.send(bytes, isBinary)
  },
  close: (socket) => {
    sockets.delete(socket)
  }
})
app.listen("127.0.0.1", 0, (listener) => {
  if (listener === false) throw new Error("uWebSockets.js could not bind")
  console.log(`listening on ${(uws.getSocketPort ?? uws.us_socket_local_port!)(listener)}`)
})
