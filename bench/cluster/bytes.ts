/** Scenario c: what NATS carries to a node for one publication, which is not to grow with the subscribers there. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Lookup } from "../support/scenario.ts"
import { cell } from "../support/table.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case } from "./scenario.ts"
import { deployments, metric, PREFIX, withCluster } from "./servers.ts"

const SUBSCRIBERS = [1, 100, 1000] as const
const FEWEST = SUBSCRIBERS[0]
const MOST = SUBSCRIBERS[2]
const OPEN_MS = 20_000
const ROUNDS_MS = 120_000
/** What nodes tell each other all the time is measured for so long, and taken off. */
const IDLE_MS = 5_000
/** Growth that is noise. */
const MOST_GROWTH = 1.1

const RECEIVED = "clarion_nats_received_bytes_total"
const BYTES = "**bytes to the node of the clients, for a publication**"

const titleOf = (subscribers: number): string => `${subscribers} subscriber${subscribers === 1 ? "" : "s"}`

const byteCase = (subscribers: number): Case => ({
  title: titleOf(subscribers),
  measure: (context) =>
    withCluster(context, deployments.twoNodes, async ({ publisher, holder, driver }) => {
      const where = { port: holder.port, apiPort: publisher.port, prefix: PREFIX }
      const clients = { dialect: "channels", connections: subscribers, channels: 1 } as const
      await driver.order("open", { ...where, ...clients }, OPEN_MS)
      const received = async () => ({ at: performance.now(), bytes: await metric(holder, RECEIVED) })
      const first = await received()
      await sleep(IDLE_MS)
      const idle = await received()
      const { counted } = context.scale
      await driver.order("rounds", { depth: 1, rounds: counted, forMs: 0 }, ROUNDS_MS)
      const last = await received()
      const idlePerMs = (idle.bytes - first.bytes) / (idle.at - first.at)
      const bytes = last.bytes - idle.bytes - idlePerMs * (last.at - idle.at)
      return {
        figures: [
          { label: BYTES, digits: 0, value: bytes / counted },
          { label: "bytes of an idle second", digits: 0, value: idlePerMs * 1000 }
        ],
        problems: [],
        othersBusy: []
      }
    })
})

export const byteCases: ReadonlyArray<Case> = SUBSCRIBERS.map(byteCase)

export const byteVerdicts = (of: Lookup): ReadonlyArray<Verdict> => {
  const few = of(titleOf(FEWEST), BYTES)?.median ?? Number.NaN
  return [
    judged(
      `${MOST} subscribers cost at most ${MOST_GROWTH} times the bytes of ${FEWEST}, ${few.toFixed(0)} a publication`,
      of(titleOf(MOST), BYTES),
      (bytes) => `${cell(bytes, 0)} bytes`,
      ({ median }) => median <= few * MOST_GROWTH
    )
  ]
}
