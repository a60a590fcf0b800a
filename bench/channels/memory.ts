/** Scenario e: memory of the server process for each connection that has one subscription. */
import { setTimeout as sleep } from "node:timers/promises"
import type { DialectName } from "../driver/dialects.ts"
import { Failed } from "../support/children.ts"
import { memoryUse } from "../support/procfs.ts"
import type { Lookup } from "../support/scenario.ts"
import type { Spread } from "../support/statistics.ts"
import { cell } from "../support/table.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case } from "./scenario.ts"
import { emptied, KEPT, PLAIN, withClarion } from "./servers.ts"

/** Time in which garbage of the set-up is collected, before memory is read. */
const SETTLE_MS = 1_000
const OPEN_WITHIN_MS = 90_000
/** Clients that come and go before: code is compiled, and buffers of the process are there. */
const WARM_UP = 500

const OF_ALL = "**memory per connection, KB**"
const OF_HALF = "of the second half of them, KB"

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
      const half = Math.ceil(context.scale.connections / 2)
      const open = (connections: number, names: string) => {
        const order = {
          port,
          dialect,
          prefix: prefix + names,
          connections,
          channels: channelsOf(connections)
        }
        return driver.order("open", order, OPEN_WITHIN_MS)
      }
      const collected = async () => {
        await inspector.collectGarbage()
        return memoryUse(pid).rss
      }
      await open(WARM_UP, "")
      await driver.order("cut", {}, OPEN_WITHIN_MS)
      await emptied(port)
      const empty = await collected()
      await open(half, "a")
      const halfFull = await collected()
      await open(half, "b")
      await sleep(SETTLE_MS)
      const { rss } = memoryUse(pid)
      const full = await collected()
      const figure = (label: string, bytes: number, connections: number) => ({
        label,
        digits: 2,
        value: bytes / connections / 1024
      })
      return {
        figures: [
          figure(OF_ALL, full - empty, 2 * half),
          figure(OF_HALF, full - halfFull, half),
          figure("with garbage that waits, KB", rss - empty, 2 * half)
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

/** The worse of the two counts: memory that was free before can hide some, and a table that grows by half can add some. */
const worse = (of: Lookup, title: string): Spread | undefined =>
  [OF_ALL, OF_HALF].flatMap((label) => of(title, label) ?? []).sort((a, b) => b.median - a.median)[0]

export const memoryVerdicts = (of: Lookup): ReadonlyArray<Verdict> =>
  [SHARED, OWN].map((title) =>
    judged(
      `${title}: at most ${MOST_KB} KB of process memory per connection with one subscription`,
      worse(of, title),
      (kb) => `${cell(kb, 2)} KB`,
      ({ median }) => median <= MOST_KB
    )
  )
