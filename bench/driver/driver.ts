/** The driver process: holds the clients of one server, and does what a bench orders over the process channel. */
import { ApiPublisher } from "./ApiPublisher.ts"
import { Crowd } from "./Crowd.ts"
import { channelName } from "./channelNames.ts"
import { Firing } from "./Firing.ts"
import { HttpLoad } from "./HttpLoad.ts"
import type { Answer, Kind, Order, PublishedAll, PublishOrder, Work } from "./orders.ts"
import { payload } from "./payload.ts"
import { Returning } from "./Returning.ts"

let crowd: Crowd | undefined

const present = (): Crowd => {
  if (crowd === undefined) throw new Error("no connections are open")
  return crowd
}

const publish = async ({ port, prefix, channels, each }: PublishOrder): Promise<PublishedAll> => {
  const api = new ApiPublisher(port)
  const startedAt = performance.now()
  const messages = Array.from({ length: channels }, (_, i) => ({
    channel: channelName(prefix, i),
    payload: payload(i)
  }))
  for (let i = 0; i < each; i++) await api.publish(messages)
  api.end()
  return { publications: channels * each, seconds: (performance.now() - startedAt) / 1000 }
}

const obey: { readonly [K in Kind]: (order: Work[K][0]) => Promise<Work[K][1]> } = {
  open: (order) => {
    crowd = new Crowd(order)
    return crowd.open()
  },
  rounds: (order) => present().rounds(order),
  publish,
  load: (order) => new HttpLoad(order).run(),
  cut: () => present().cut(),
  recover: ({ missed, port }) => {
    const { order, positions } = present()
    return new Returning({ ...order, port: port ?? order.port }, positions, missed).recover()
  },
  fire: (order) => new Firing(order).fire()
}

const answer = (order: Order): Promise<Work[Kind][1]> =>
  (obey[order.kind] as (order: Order) => Promise<Work[Kind][1]>)(order)

process.on("message", (order: Order) => {
  answer(order)
    .then((done): Answer => ({ done }))
    .catch((error: Error): Answer => ({ failed: error.message }))
    .then((said) => process.send?.(said))
})
// Without the bench there is nobody to work for.
process.on("disconnect", () => process.exit())
