/** A bare Socket.IO hub: whatever one client emits as "m", all hear. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Server } from "socket.io"

const http = createServer()
const io = new Server(http, { transports: ["websocket"], serveClient: false })
io.on("connection", (socket) => {
  socket.on("m", (text: string) => io.emit("m", text))
})
http.listen(0, "127.0.0.1", () => console.log(`listening on ${(http.address() as AddressInfo).port}`))
