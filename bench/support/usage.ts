/** What a piece of work costs the server and the driver, seen from outside. */
import type { DriverProcess } from "../driver/DriverProcess.ts"
import type { Server } from "./children.ts"
import { type CpuTime, coreBusy, cpuBetween, cpuTime, exactCpuUs, total } from "./procfs.ts"

/** A server under measurement, and who works on it. */
export interface Bench {
  readonly server: Server
  readonly driver: DriverProcess
  /** The server's core; undefined where nothing is pinned. */
  readonly core: number | undefined
}

export interface Usage {
  readonly seconds: number
  /** Of the server, read in ticks of 10 ms. */
  readonly cpu: CpuTime
  /** Of the server, exact, without the two parts. */
  readonly cpuUs: number
  /** Share of the time in which the server, and the driver, used a core; and others used the server's core. */
  readonly serverBusy: number
  readonly driverBusy: number
  readonly othersBusy: number
}

const readUsage = ({ server: { pid }, driver, core }: Bench) => ({
  at: performance.now(),
  server: cpuTime(pid),
  exactUs: exactCpuUs(pid),
  driver: total(cpuTime(driver.pid)),
  core: (core === undefined ? undefined : coreBusy(core)) ?? Number.NaN
})

export const usageOf = async <A>(bench: Bench, work: () => Promise<A>): Promise<readonly [A, Usage]> => {
  const before = readUsage(bench)
  const result = await work()
  const after = readUsage(bench)
  const seconds = (after.at - before.at) / 1000
  const shareOfTime = (us: number) => us / (seconds * 1e6)
  const cpu = cpuBetween(before.server, after.server)
  return [
    result,
    {
      seconds,
      cpu,
      cpuUs: after.exactUs - before.exactUs,
      serverBusy: shareOfTime(total(cpu)),
      driverBusy: shareOfTime(after.driver - before.driver),
      othersBusy: Math.max(0, shareOfTime(after.core - before.core - total(cpu)))
    }
  ]
}
