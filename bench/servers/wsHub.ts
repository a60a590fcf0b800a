/** A bare `ws` hub: whatever one client sends, all hear, by a loop of `client.send`. */
import type { AddressInfo } from "node:net"
import { WebSocketServer } from "ws"

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false })
server.on("connection", (socket) => {
  socket.on("error", () => socket.terminate())
  socket.on("message", (data, isBinary) => {
    for (const client of server.clients) client.send(data, { binary: isBinary })
  })
})
server.on("listening", () => console.log(`listening on ${(server.address() as AddressInfo).port}`))
