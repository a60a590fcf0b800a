/** Socket.IO as bench servers need it: over WebSocket alone, and a line that says where it listens. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Server } from "socket.io"

const http = createServer()

export const io = new Server(http, {
  transports: ["websocket"],
  serveClient: false,
  maxHttpBufferSize: 1_048_576
})

export const listen = (): void => {
  http.listen(0, "127.0.0.1", () => console.log(`listening on ${(http.address() as AddressInfo).port}`))
}
