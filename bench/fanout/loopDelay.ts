/** The delay of a Clarion server's event loop, as its own metrics tell it. */
import { API_KEY } from "../support/apiKey.ts"
import { Failed } from "../support/children.ts"

/** The metric tells the last whole window of ten seconds: after twice that long, all of it lies within the load. */
export const LOOP_DELAY_MS = 21_000

const METRIC = /^clarion_event_loop_delay_seconds\{percentile="99"\} (\S+)$/m

/** The p99 in milliseconds. */
export const loopDelayMs = async (port: number): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { "x-api-key": API_KEY },
    signal: AbortSignal.timeout(10_000)
  })
  const found = METRIC.exec(await response.text())?.[1]
  if (found === undefined)
    throw new Failed(`/metrics answered ${response.status} without the event loop's delay`)
  return Number(found) * 1000
}
