/**
 * One server, measured once: start, set-up, then rounds at each depth.
 *
 * CPU time is read right before the first measured round and right after the last, so that start, set-up and warm-up are not in it.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { end, Failed, type Server, startServer } from "../support/children.ts"
import { DriverProcess } from "../support/DriverProcess.ts"
import type { Cores } from "../support/pinning.ts"
import { coreBusy, cpuBetween, cpuTime, exactCpuUs, memoryUse, total } from "../support/procfs.ts"
import { quantile } from "../support/statistics.ts"
import type { Contender } from "./contenders.ts"
import { loopDelayMs } from "./loopDelay.ts"
import type { Answer, Opened, Order, Rounds, RoundsOrder } from "./orders.ts"
import { measureStorm, type Storm } from "./storm.ts"

/** Rounds that are not measured: compilers and buffers get to where they stay. */
export const WARM_UP_ROUNDS = 10
/** Time in which garbage of the set-up is collected, before memory is read. */
const SETTLE_MS = 1_000
const OPEN_WITHIN_MS = 90_000
const ROUNDS_WITHIN_MS = 600_000

export interface SetUp {
  /** At the driver's pace. */
  readonly perSecond: number
  /** Server CPU for each connection, at that pace. */
  readonly cpuUs: number
  /** Growth of the server process for each connection, while all are idle. */
  readonly rssBytes: number
  readonly pssBytes: number
}

export interface DepthFigures {
  /** Server CPU for each delivered message. */
  readonly cpuUs: number
  readonly userUs: number
  readonly systemUs: number
  readonly cpuSeconds: number
  readonly messagesPerSecond: number
  /** Share of the time in which the server, and the driver, used a core; and others used the server's core. */
  readonly serverBusy: number
  readonly driverBusy: number
  readonly othersBusy: number
  readonly rounds: number
  readonly roundMs: { readonly p50: number; readonly p90: number; readonly max: number }
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  readonly shortRounds: number
  readonly stray: number
  readonly problem: string | undefined
  /** p99 of the event loop's delay over ten seconds of these rounds, where it was asked for. */
  readonly loopDelayMs: number | undefined
}

export interface Trial {
  readonly connections: number
  readonly setUp: SetUp
  readonly storm: Storm | undefined
  readonly depths: Readonly<Record<number, DepthFigures>>
}

export interface Plan {
  readonly connections: number
  readonly depths: ReadonlyArray<number>
  readonly rounds: (depth: number) => number
  /** Rounds go on for so long at each depth. */
  readonly forMs: number
  /** Whether it is about the delay of the event loop, and about nothing else. */
  readonly asksLoopDelay: boolean
}

type Driver = DriverProcess<Order, Answer>
const driverFile = fileURLToPath(new URL("./driver.js", import.meta.url))

export const runTrial = async (
  contender: Contender,
  folder: string,
  cores: Cores,
  plan: Plan
): Promise<Trial> => {
  const pins = "unpinned" in cores ? { server: undefined, driver: undefined } : cores
  const takesStorm = contender.dialect === "raw" && !plan.asksLoopDelay
  const storm = takesStorm ? await measureStorm(contender, folder, pins, plan.connections) : undefined
  const server = await startServer(contender.command(folder), pins.server, contender.says)
  const driver: Driver = new DriverProcess(driverFile, pins.driver)
  try {
    const setUp = await measureSetUp(server, driver, contender, plan.connections)
    const depths: Record<number, DepthFigures> = {}
    for (const depth of plan.depths) {
      await warmUp(driver, depth)
      depths[depth] = await measureDepth(server, driver, depth, plan, pins.server)
    }
    return { connections: plan.connections, setUp, storm, depths }
  } catch (error) {
    const { exitCode, signalCode } = server.child
    if (exitCode === null && signalCode === null) throw error
    throw new Failed(`the server ended with ${signalCode ?? exitCode} while it was measured`)
  } finally {
    await Promise.all([driver.end(), end(server.child)])
  }
}

const measureSetUp = async (server: Server, driver: Driver, { dialect }: Contender, connections: number) => {
  const { pid, port } = server
  const memory = memoryUse(pid)
  const cpu = exactCpuUs(pid)
  const { seconds } = await orderOpen(driver, { kind: "open", port, dialect, connections })
  const cpuUs = (exactCpuUs(pid) - cpu) / connections
  await sleep(SETTLE_MS)
  const { rss, pss } = memoryUse(pid)
  return {
    perSecond: connections / seconds,
    cpuUs,
    rssBytes: (rss - memory.rss) / connections,
    pssBytes: (pss - memory.pss) / connections
  }
}

const warmUp = async (driver: Driver, depth: number) => {
  const { short, problem } = await orderRounds(driver, {
    kind: "rounds",
    depth,
    rounds: WARM_UP_ROUNDS,
    forMs: 0
  })
  if (short > 0)
    throw new Failed(
      `${short} rounds of the warm-up did not reach everyone${problem === undefined ? "" : `; ${problem}`}`
    )
}

const measureDepth = async (
  { pid, port }: Server,
  driver: Driver,
  depth: number,
  plan: Plan,
  core: number | undefined
): Promise<DepthFigures> => {
  const used = () => ({
    server: cpuTime(pid),
    driver: total(cpuTime(driver.pid)),
    core: (core === undefined ? undefined : coreBusy(core)) ?? Number.NaN
  })
  const before = used()
  const order = { kind: "rounds", depth, rounds: plan.rounds(depth), forMs: plan.forMs } as const
  const { seconds, delivered, roundMs, latencyMs, ...checks } = await orderRounds(driver, order)
  const after = used()
  const cpu = cpuBetween(before.server, after.server)
  const shareOfTime = (us: number) => us / (seconds * 1e6)
  return {
    cpuUs: total(cpu) / delivered,
    userUs: cpu.user / delivered,
    systemUs: cpu.system / delivered,
    cpuSeconds: total(cpu) / 1e6,
    messagesPerSecond: delivered / seconds,
    serverBusy: shareOfTime(total(cpu)),
    driverBusy: shareOfTime(after.driver - before.driver),
    othersBusy: Math.max(0, shareOfTime(after.core - before.core - total(cpu))),
    rounds: roundMs.length,
    roundMs: { p50: quantile(roundMs, 0.5), p90: quantile(roundMs, 0.9), max: Math.max(...roundMs) },
    latencyMs: { p50: latencyMs.p50 ?? Number.NaN, p99: latencyMs.p99 ?? Number.NaN },
    shortRounds: checks.short,
    stray: checks.stray,
    problem: checks.problem,
    loopDelayMs: plan.asksLoopDelay ? await loopDelayMs(port) : undefined
  }
}

const orderOpen = async (driver: Driver, order: Order): Promise<Opened> => {
  const answer = await driver.order(order, OPEN_WITHIN_MS)
  if ("opened" in answer) return answer.opened
  throw new Failed("failed" in answer ? answer.failed : "the driver answered something else")
}

const orderRounds = async (driver: Driver, order: RoundsOrder): Promise<Rounds> => {
  const answer = await driver.order(order, ROUNDS_WITHIN_MS)
  if ("rounds" in answer) return answer.rounds
  throw new Failed("failed" in answer ? answer.failed : "the driver answered something else")
}
