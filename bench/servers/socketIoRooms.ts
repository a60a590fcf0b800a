/** A bare Socket.IO server with rooms: clients join one, and "publish" brings pairs of a room and what those in it are to hear. */
import { io, listen } from "./socketIo.ts"

io.on("connection", (socket) => {
  socket.on("join", (room: string) => {
    socket.join(room)
    socket.emit("joined")
  })
  socket.on("publish", (publications: ReadonlyArray<readonly [room: string, text: string]>) => {
    for (const [room, text] of publications) io.to(room).emit("m", text)
  })
})
listen()
