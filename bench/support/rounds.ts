/**
 * Rounds of messages that everyone hears, and what they cost the server.
 *
 * CPU time is read right before the first measured round and right after the last, so that start, set-up and warm-up are not in it.
 */
import type { RoundsOrder } from "../driver/orders.ts"
import { Failed } from "./children.ts"
import { total } from "./procfs.ts"
import { quantile } from "./statistics.ts"
import { type Bench, usageOf } from "./usage.ts"

/** Rounds that are not measured: compilers and buffers get to where they stay. */
export const WARM_UP_ROUNDS = 10
const ROUNDS_WITHIN_MS = 600_000

export interface RoundFigures {
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
}

/**
 * CPU time is read in ticks of 10 ms: so many messages cost every server about two seconds or more, which makes it exact to 1 %.
 * Depth makes messages cheaper, so there have to be more.
 */
export const enoughRounds = (connections: number, depth: number): number => {
  const deliveries = depth === 1 ? 1_000_000 : 3_000_000
  return Math.max(10, Math.ceil(deliveries / (connections * depth)))
}

export const warmUp = async ({ driver }: Bench, depth: number): Promise<void> => {
  const order = { depth, rounds: WARM_UP_ROUNDS, forMs: 0 }
  const { short, problem } = await driver.order("rounds", order, ROUNDS_WITHIN_MS)
  if (short === 0) return
  throw new Failed(
    `${short} rounds of the warm-up did not reach everyone${problem === undefined ? "" : `; ${problem}`}`
  )
}

export const measureRounds = async (bench: Bench, order: RoundsOrder): Promise<RoundFigures> => {
  const [done, usage] = await usageOf(bench, () => bench.driver.order("rounds", order, ROUNDS_WITHIN_MS))
  const { seconds, delivered, roundMs, latencyMs, short, stray, problem } = done
  const { cpu, serverBusy, driverBusy, othersBusy } = usage
  return {
    cpuUs: total(cpu) / delivered,
    userUs: cpu.user / delivered,
    systemUs: cpu.system / delivered,
    cpuSeconds: total(cpu) / 1e6,
    messagesPerSecond: delivered / seconds,
    serverBusy,
    driverBusy,
    othersBusy,
    rounds: roundMs.length,
    roundMs: { p50: quantile(roundMs, 0.5), p90: quantile(roundMs, 0.9), max: Math.max(...roundMs) },
    latencyMs: { p50: latencyMs.p50 ?? Number.NaN, p99: latencyMs.p99 ?? Number.NaN },
    shortRounds: short,
    stray,
    problem
  }
}

/** Why the figures are not those of rounds that reached everyone; undefined: they are. */
export const incompleteness = (figures: RoundFigures): string | undefined => {
  const { shortRounds, rounds, stray, problem } = figures
  if (shortRounds === 0 && stray === 0 && problem === undefined) return undefined
  const missed = `${shortRounds} of ${rounds} rounds did not reach everyone, ${stray} stray messages`
  return problem === undefined ? missed : `${missed}; ${problem}`
}

const DISTURBED_FROM = 0.1

export const isDisturbed = ({ othersBusy }: Pick<RoundFigures, "othersBusy">): boolean =>
  othersBusy > DISTURBED_FROM

/** Said under verdicts, which a disturbed run cannot give; undefined: nobody disturbed it. */
export const disturbance = (all: ReadonlyArray<Pick<RoundFigures, "othersBusy">>): string | undefined => {
  const disturbed = all.filter(isDisturbed).length
  return disturbed === 0
    ? undefined
    : `Others used the server's core in ${disturbed} of ${all.length} measurements: repeat this on an idle machine before a verdict is believed.`
}
