/**
 * A bare uWebSockets.js hub: whatever one client sends, all hear. `publish` leaves the fan-out to its topic tree, `loop` sends to one
 * socket after the other. Usage: node uwsHub.js publish|loop
 */
import type { WebSocket } from "uWebSockets.js"
import { app, listen } from "./uwsApp.ts"

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
listen()
