/** Scenario e: memory of the server process for each connection that has one subscription. */
import { setTimeout as sleep } from "node:timers/promises"
import type { DialectName } from "../driver/dialects.ts"
import { Failed } from "../support/children.ts"
import { memoryUse } from "../support/procfs.ts"
import { cell } from "../support/table.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case, Lookup } from "./scenario.ts"
import { emptied, KEPT, PLAIN, withClarion } from "./servers.ts"

/** Time in which garbage of the set-up is collected, before memory is read. */
const SETTLE_MS = 1_000
const OPEN_WITHIN_MS = 90_000
/** Clients that come and go before: code is compiled, and buffers of the process are there. */
const WARM_UP = 500

const COLLECTED = "**memory per connection, KB**"

const memoryCase = (
  title: string,
  dialect: DialectName,
  prefix: string,
  channelsOf: (connections: number) => number
): Case => ({
  title,
  measure: (context) =>
    withClarion(context, true, async ({ server: { pid, port }, driver, inspector }) => {
      if (inspector === undefined) throw new Failed("garbage cannot be collected")
      const { connections } = context.scale
      const open = (count: number) => {
        const order = { port, dialect, prefix, connections: count, channels: channelsOf(count) }
        return driver.order("open", order, OPEN_WITHIN_MS)
      }
      const collected = async () => {
        await inspector.collectGarbage()
        return memoryUse(pid).rss
      }
      const cold = await collected()
      await open(WARM_UP)
      await driver.order("cut", {}, OPEN_WITHIN_MS)
      await emptied(port)
      const warm = await collected()
      await open(connections)
      await sleep(SETTLE_MS)
      const full = memoryUse(pid).rss
      const held = await collected()
      const figure = (label: string, bytes: number) => ({
        label,
        digits: 2,
        value: bytes / connections / 1024
      })
      return {
        figures: [
          figure(COLLECTED, held - warm),
          figure("from a fresh server on, KB", held - cold),
          figure("with garbage that waits, KB", full - warm)
        ],
        problems: [],
        othersBusy: []
      }
    })
})

const one = () => 1
const own = (connections: number) => connections

const SHARED = "one channel for all"
const OWN = "channels of their own"
const OWN_KEPT = "own ones with history"

export const memoryCases: ReadonlyArray<Case> = [
  memoryCase("raw connection", "rawJson", PLAIN, one),
  memoryCase(SHARED, "channels", PLAIN, one),
  memoryCase(OWN, "channels", PLAIN, own),
  memoryCase(OWN_KEPT, "channels", KEPT, own)
]

const MOST_KB = 3

export const memoryVerdicts = (of: Lookup): ReadonlyArray<Verdict> =>
  [SHARED, OWN].map((title) =>
    judged(
      `${title}: at most ${MOST_KB} KB of process memory per connection with one subscription`,
      of(title, COLLECTED),
      (kb) => `${cell(kb, 2)} KB`,
      ({ median }) => median <= MOST_KB
    )
  )
