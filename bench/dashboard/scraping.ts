/** Scenario b: how long a server's event loop is blocked while it is scraped. */
import { setTimeout as sleep } from "node:timers/promises"
import { API_KEY } from "../support/apiKey.ts"
import { Failed } from "../support/children.ts"
import type { Lookup } from "../support/scenario.ts"
import { cell } from "../support/table.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case } from "./scenario.ts"
import { sizes, withServer } from "./servers.ts"

/** Between two scrapes. */
const EVERY_MS = 250
/** What `/metrics` says is of the last whole window of ten seconds: two of them have one in them. */
const WINDOWS_MS = 21_000

const SCRAPED_MAX = "**longest delay of the event loop while scraped, ms**"
const BLOCKED = "**more than without, ms**"

interface Scrape {
  readonly ms: number
  readonly bytes: number
  readonly maxDelayMs: number
  readonly p99DelayMs: number
}

/** Of the process that answers: the only one, or the primary. */
const DELAY = /^clarion_event_loop_delay_seconds\{(?:process="primary",)?percentile="(99|100)"\} (\S+)$/gm

const scrape = async (port: number): Promise<Scrape> => {
  const startedAt = performance.now()
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { "x-api-key": API_KEY } })
  const text = await answer.text()
  const ms = performance.now() - startedAt
  const delays = new Map([...text.matchAll(DELAY)].map(([, percentile, s]) => [percentile, Number(s) * 1000]))
  const [p99DelayMs, maxDelayMs] = [delays.get("99"), delays.get("100")]
  if (p99DelayMs === undefined || maxDelayMs === undefined)
    throw new Failed(`/metrics answered ${answer.status} without the loop's delay`)
  return { ms, bytes: text.length, p99DelayMs, maxDelayMs }
}

const scrapeFor = async (port: number, ms: number): Promise<ReadonlyArray<Scrape>> => {
  const scrapes: Array<Scrape> = []
  const until = performance.now() + ms
  while (performance.now() < until) {
    scrapes.push(await scrape(port))
    await sleep(EVERY_MS)
  }
  return scrapes
}

export const scrapingCases: ReadonlyArray<Case> = sizes.map((size) => ({
  title: size.title,
  measure: (context) =>
    withServer(context, size, async ({ port }) => {
      // The first one loads what text is written with, and compiles it.
      await scrapeFor(port, 2000)
      await sleep(WINDOWS_MS)
      const before = await scrape(port)
      const without = before.maxDelayMs
      const scrapes = await scrapeFor(port, WINDOWS_MS)
      const { bytes, maxDelayMs, p99DelayMs } = await scrape(port)
      const times = scrapes.map(({ ms }) => ms).sort((a, b) => a - b)
      return {
        figures: [
          { label: "longest delay of the event loop without, ms", digits: 2, value: without },
          { label: SCRAPED_MAX, digits: 2, value: maxDelayMs },
          { label: "99th percentile without, ms", digits: 2, value: before.p99DelayMs },
          { label: "99th percentile while scraped, ms", digits: 2, value: p99DelayMs },
          { label: BLOCKED, digits: 2, value: Math.max(0, maxDelayMs - without) },
          { label: "a scrape, ms", digits: 1, value: times[times.length >> 1] ?? Number.NaN },
          { label: "KB of text", digits: 0, value: bytes / 1024 }
        ],
        problems: [],
        othersBusy: []
      }
    })
}))

const MOST_MS = 5

export const scrapingVerdicts = (of: Lookup): ReadonlyArray<Verdict> =>
  sizes.map(({ title }) =>
    judged(
      `${title}: a scrape blocks the event loop for at most ${MOST_MS} ms`,
      of(title, BLOCKED),
      (ms) => `${cell(ms, 2)} ms`,
      ({ median }) => median <= MOST_MS
    )
  )
