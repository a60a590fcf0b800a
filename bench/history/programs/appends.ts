/** Appends, one after the other and many at once: `appends.js DIRECTORY memory|durable COUNT`. */
import { Effect } from "effect"
import { data, paced, run, streamOf } from "./history.js"

const CHANNELS = 1_000
/** Those that wait for their commits take longer one by one. */
const ONE_BY_ONE = 50

const [directory = "", kind = "", total = "0"] = process.argv.slice(2)
const stream = streamOf(kind)

run(directory, (broker) => {
  const append = (count: number, concurrency: number) =>
    Effect.forEach(
      Array.from({ length: count }, (_, i) => `news-${i % CHANNELS}`),
      (channel) => broker.publish(channel, data, { stream }),
      { concurrency, discard: true }
    )
  const count = Number(total)
  return Effect.gen(function* () {
    yield* append(count / 10, 1000)
    return {
      one: yield* paced(count / ONE_BY_ONE, append(count / ONE_BY_ONE, 1)),
      hundred: yield* paced(count, append(count, 100)),
      thousand: yield* paced(count, append(count, 1000))
    }
  })
})
