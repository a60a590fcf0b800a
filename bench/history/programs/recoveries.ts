/**
 * Recovery reads: `recoveries.js DIRECTORY memory|durable STREAMS fill|again`. `fill` appends to the streams and reads them while they are in memory;
 * `again` reads what was filled by a process before it, so that the first reading of each stream is from the store, and the others are not.
 */
import { Effect } from "effect"
import { data, paced, run, streamOf } from "./history.js"

const EACH = 100
const SINCE = { offset: 50, epoch: "" }
const TURNS = 5

const [directory = "", kind = "", streams = "0", mode = ""] = process.argv.slice(2)
const stream = streamOf(kind)
const channels = Array.from({ length: Number(streams) }, (_, i) => `news-${i}`)

run(directory, (broker) => {
  const fill = Effect.forEach(
    Array.from({ length: EACH }),
    () =>
      Effect.forEach(channels, (channel) => broker.publish(channel, data, { stream }), { concurrency: 1000 }),
    { discard: true }
  )
  const read = Effect.forEach(
    channels,
    (channel) =>
      Effect.map(broker.history(channel, { limit: 100, since: SINCE }, stream), ({ publications }) => {
        if (publications.length !== EACH - SINCE.offset)
          throw new Error(`${publications.length} publications`)
      }),
    { discard: true }
  )
  return Effect.gen(function* () {
    if (mode === "fill") yield* fill
    const first = yield* paced(channels.length, read)
    const again = yield* paced(
      TURNS * channels.length,
      Effect.forEach(Array.from({ length: TURNS }), () => read, { discard: true })
    )
    return { first, again }
  })
})
