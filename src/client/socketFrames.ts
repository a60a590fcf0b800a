/** How the frames of an owner's connections find their way: data to the owner, control frames to the socket itself. */
import type { FrameHandler } from "../services/hot/frameParser.ts"
import type { ClientSocket } from "./ClientSocket.ts"
import type { SocketOwner } from "./Connector.ts"

/** One handler for all connections of an owner. */
export const framesTo = (owner: SocketOwner, maxPayload: number): FrameHandler<ClientSocket> => ({
  maxPayload,
  onText: (socket, payload) => owner.onText(socket, payload),
  onBinary: (socket, payload) => owner.onBinary(socket, payload),
  onPing: (socket, payload) => socket.pong(payload),
  onPong: () => {},
  onCloseFrame: (socket, code, reason) => socket.peerClosed(code, reason)
})
