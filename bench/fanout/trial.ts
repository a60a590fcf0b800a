/** One server, measured once: start, set-up, then rounds at each depth. */
import { setTimeout as sleep } from "node:timers/promises"
import { pinsOf, withBench } from "../support/bench.ts"
import type { Contender } from "../support/contender.ts"
import type { Cores } from "../support/pinning.ts"
import { exactCpuUs, memoryUse } from "../support/procfs.ts"
import { measureRounds, type RoundFigures, warmUp } from "../support/rounds.ts"
import type { Bench } from "../support/usage.ts"
import { loopDelayMs } from "./loopDelay.ts"
import { measureStorm, type Storm } from "./storm.ts"

/** Time in which garbage of the set-up is collected, before memory is read. */
const SETTLE_MS = 1_000
const OPEN_WITHIN_MS = 90_000

export interface SetUp {
  /** At the driver's pace. */
  readonly perSecond: number
  /** Server CPU for each connection, at that pace. */
  readonly cpuUs: number
  /** Growth of the server process for each connection, while all are idle. */
  readonly rssBytes: number
  readonly pssBytes: number
}

export interface DepthFigures extends RoundFigures {
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

export const runTrial = async (
  contender: Contender,
  folder: string,
  cores: Cores,
  plan: Plan
): Promise<Trial> => {
  const { connections, depths, rounds, forMs, asksLoopDelay } = plan
  const takesStorm = contender.dialect === "raw" && !asksLoopDelay
  const storm = takesStorm ? await measureStorm(contender, folder, pinsOf(cores), connections) : undefined
  return withBench(contender.command(folder), contender.says, cores, async (bench) => {
    const setUp = await measureSetUp(bench, contender, connections)
    const figures: Record<number, DepthFigures> = {}
    for (const depth of depths) {
      await warmUp(bench, depth)
      const measured = await measureRounds(bench, { depth, rounds: rounds(depth), forMs })
      const delay = asksLoopDelay ? await loopDelayMs(bench.server.port) : undefined
      figures[depth] = { ...measured, loopDelayMs: delay }
    }
    return { connections, setUp, storm, depths: figures }
  })
}

const measureSetUp = async (
  { server: { pid, port }, driver }: Bench,
  { dialect }: Contender,
  connections: number
) => {
  const memory = memoryUse(pid)
  const cpu = exactCpuUs(pid)
  const order = { port, dialect, connections, channels: 1, prefix: "" }
  const { seconds } = await driver.order("open", order, OPEN_WITHIN_MS)
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
