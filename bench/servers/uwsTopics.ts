/**
 * A bare uWebSockets.js server with topics: the first message of a client names the topic that it hears, later ones are lines of a topic,
 * a blank and what its subscribers are to hear.
 */
import type { WebSocket } from "uWebSockets.js"
import { app, listen } from "./uwsApp.ts"

const subscribed = new Set<WebSocket<unknown>>()

const publish = (line: string): void => {
  const blank = line.indexOf(" ")
  app.publish(line.slice(0, blank), line.slice(blank + 1))
}

app.ws("/*", {
  maxPayloadLength: 1_048_576,
  idleTimeout: 120,
  message: (socket, message) => {
    const text = Buffer.from(message).toString()
    if (subscribed.has(socket)) {
      for (const line of text.split("\n")) publish(line)
      return
    }
    subscribed.add(socket)
    socket.subscribe(text)
    socket.send("subscribed")
  },
  close: (socket) => {
    subscribed.delete(socket)
  }
})
listen()
