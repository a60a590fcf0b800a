/**
 * A client of the SDK that stays: when its connection is lost it comes back by itself, to whichever node is in front then, and is sent what it missed.
 *
 * Run: node dist/examples/cluster/listen.js ws://localhost:8087/connection/websocket news
 */
import { Centrifuge } from "centrifuge"
import { WebSocket } from "ws"

const [address = "ws://localhost:8087/connection/websocket", channel = "news"] = process.argv.slice(2)

const client = new Centrifuge(address, { websocket: WebSocket })
client.on("connecting", ({ reason }) => console.log(`connecting: ${reason}`))
client.on("connected", () => console.log("connected"))
client.on("disconnected", ({ code, reason }) => console.log(`disconnected for good: ${code} ${reason}`))

const subscription = client.newSubscription(channel)
subscription.on("subscribed", ({ wasRecovering, recovered }) => {
  const how = recovered ? ", and nothing is missed" : ", but something is missed"
  console.log(`subscribed to ${channel}${wasRecovering ? how : ""}`)
})
subscription.on("publication", ({ data, offset }) => console.log(`${offset}: ${JSON.stringify(data)}`))
subscription.subscribe()
client.connect()
