/** The driver process: holds the clients of one server, and does what the bench orders over the process channel. */
import { Crowd } from "./Crowd.ts"
import type { Answer, Order } from "./orders.ts"

let crowd: Crowd | undefined

const obey = async (order: Order): Promise<Answer> => {
  if (order.kind === "open") {
    crowd = new Crowd(order)
    return { opened: await crowd.open() }
  }
  if (crowd === undefined) return { failed: "no connections are open" }
  return { rounds: await crowd.rounds(order) }
}

process.on("message", (order: Order) => {
  obey(order)
    .catch((error: Error): Answer => ({ failed: error.message }))
    .then((answer) => process.send?.(answer))
})
// Without the bench there is nobody to work for.
process.on("disconnect", () => process.exit())
