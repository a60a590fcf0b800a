/** A bare Socket.IO hub: whatever one client emits as "m", all hear. */
import { io, listen } from "./socketIo.ts"

io.on("connection", (socket) => {
  socket.on("m", (text: string) => io.emit("m", text))
})
listen()
