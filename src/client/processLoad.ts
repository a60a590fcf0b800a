/** How busy a process of the client was. */
import type { LoopDelay } from "../services/EventLoopDelay.ts"

/** In the units of `ClientLoad`. */
export interface ProcessLoad {
  readonly loopDelayMs: LoopDelay
  readonly cpu: number
}

/** From now on, the load of this process. @param startedAt in milliseconds, as `now` of the function that it returns */
export const loadSince = (startedAt: number): ((now: number, loopDelayMs: LoopDelay) => ProcessLoad) => {
  const atStart = process.cpuUsage()
  return (now, loopDelayMs) => {
    const { user, system } = process.cpuUsage(atStart)
    return { loopDelayMs, cpu: (user + system) / 1000 / Math.max(1, now - startedAt) }
  }
}

/** That of the slowest loop and of the busiest process. */
export const worstLoad = (all: ReadonlyArray<ProcessLoad>): ProcessLoad => {
  const worst = (of: (load: ProcessLoad) => number) => all.reduce((most, load) => Math.max(most, of(load)), 0)
  return {
    loopDelayMs: {
      p50: worst(({ loopDelayMs }) => loopDelayMs.p50),
      p99: worst(({ loopDelayMs }) => loopDelayMs.p99),
      max: worst(({ loopDelayMs }) => loopDelayMs.max)
    },
    cpu: worst(({ cpu }) => cpu)
  }
}
