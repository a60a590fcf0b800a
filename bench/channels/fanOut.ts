/** Scenarios a, b and c: connections that share channels, more or fewer of them, and hear what is published into each. */

import type { DialectName } from "../driver/dialects.ts"
import type { Contender } from "../support/contender.ts"
import { incompleteness, measureRounds, type RoundFigures, warmUp } from "../support/rounds.ts"
import { busyFigures, type Figure, type Lookup, type Measured } from "../support/scenario.ts"
import { cell, number } from "../support/table.ts"
import { type Bench, usageOf } from "../support/usage.ts"
import { judged, notMeasured, type Verdict } from "../support/verdicts.ts"
import type { Case, Context } from "./scenario.ts"
import {
  type ClarionBench,
  KEPT,
  PLAIN,
  profiled,
  socketIoRooms,
  uwsTopics,
  withClarion,
  withContender
} from "./servers.ts"

const OPEN_WITHIN_MS = 90_000
const PUBLISH_WITHIN_MS = 120_000

const RAW = "Clarion, raw broadcast"
const CHANNEL = "Clarion, channel"
const HISTORY = "Clarion, with history"

interface Topology {
  /** For names of files. */
  readonly name: string
  readonly channels: (connections: number) => number
  readonly depths: ReadonlyArray<number>
}

export const oneChannel: Topology = { name: "one channel", channels: () => 1, depths: [1, 10] }
export const ownChannels: Topology = {
  name: "own channels",
  channels: (connections) => connections,
  depths: [1]
}
export const hundredEach: Topology = {
  name: "hundred each",
  channels: (connections) => Math.ceil(connections / 100),
  depths: [1, 10]
}

const cpuLabel = (depth: number) => `depth ${depth}: **CPU per message, µs**`

const depthFigures = (depth: number, figures: RoundFigures): ReadonlyArray<Figure> => {
  const figure = (label: string, digits: number, value: number): Figure => ({
    label: `depth ${depth}: ${label}`,
    digits,
    value
  })
  const { cpuUs, userUs, systemUs, messagesPerSecond, roundMs, latencyMs } = figures
  return [
    { label: cpuLabel(depth), digits: 2, value: cpuUs },
    figure("of it user, µs", 2, userUs),
    figure("of it system, µs", 2, systemUs),
    figure("messages per second", 0, messagesPerSecond),
    ...busyFigures(`depth ${depth}`, figures),
    figure("round p50, ms", 1, roundMs.p50),
    figure("round max, ms", 1, roundMs.max),
    figure("latency p99, ms", 1, latencyMs.p99)
  ]
}

/** Opens the clients of a bench. The figure is the server's CPU for each, subscription included. */
const setUp = async (
  bench: Bench,
  context: Context,
  dialect: DialectName,
  topology: Topology,
  prefix: string
): Promise<Figure> => {
  const { connections } = context.scale
  const order = {
    ...{ port: bench.server.port, dialect, prefix },
    ...{ connections, channels: topology.channels(connections) }
  }
  const [, { cpuUs }] = await usageOf(bench, () => bench.driver.order("open", order, OPEN_WITHIN_MS))
  return { label: "server CPU per client and subscription, µs", digits: 1, value: cpuUs / connections }
}

type Profiling = <A>(name: string, work: () => Promise<A>) => Promise<A>
const unprofiled: Profiling = (_, work) => work()

const measureDepths = async (
  bench: Bench,
  { scale }: Context,
  { depths, name }: Topology,
  profiling: Profiling
): Promise<Measured> => {
  const all: Array<readonly [depth: number, RoundFigures]> = []
  for (const depth of depths) {
    await warmUp(bench, depth)
    const order = { depth, rounds: scale.rounds(scale.connections, depth), forMs: 0 }
    const figures = await profiling(`${name} depth ${depth}`, () => measureRounds(bench, order))
    all.push([depth, figures])
  }
  return {
    figures: all.flatMap(([depth, figures]) => depthFigures(depth, figures)),
    problems: all.flatMap(([depth, figures]) => {
      const why = incompleteness(figures)
      return why === undefined ? [] : [`depth ${depth}: ${why}`]
    }),
    othersBusy: all.map(([, { othersBusy }]) => othersBusy)
  }
}

const withFigures = (measured: Measured, ...first: ReadonlyArray<Figure>): Measured => ({
  ...measured,
  figures: [...first, ...measured.figures]
})

const contenderCase = (contender: Contender, topology: Topology): Case => ({
  title: contender.title,
  measure: (context) =>
    withContender(context, contender, async (bench) => {
      const opened = await setUp(bench, context, contender.dialect, topology, PLAIN)
      return withFigures(await measureDepths(bench, context, topology, unprofiled), opened)
    })
})

/** What publishing costs where nobody listens: the server API and the broker. */
const unheard = async (
  bench: ClarionBench,
  { scale }: Context,
  topology: Topology,
  prefix: string
): Promise<Figure> => {
  const channels = topology.channels(scale.connections)
  const order = { port: bench.server.port, prefix, channels, each: scale.rounds(channels, 1) }
  const publish = () => bench.driver.order("publish", order, PUBLISH_WITHIN_MS)
  await bench.driver.order("publish", { ...order, each: 10 }, PUBLISH_WITHIN_MS)
  const [{ publications }, { cpuUs }] = await usageOf(bench, publish)
  return { label: "CPU per publication nobody hears, µs", digits: 2, value: cpuUs / publications }
}

const clarionCase = (
  title: string,
  dialect: DialectName,
  prefix: string,
  topology: Topology,
  before: typeof unheard | undefined
): Case => ({
  title,
  measure: (context) =>
    withClarion(context, false, async (bench) => {
      const first = before === undefined ? [] : [await before(bench, context, topology, prefix)]
      const opened = await setUp(bench, context, dialect, topology, prefix)
      const profiling: Profiling = (name, work) =>
        profiled(context, bench.inspector, `${title} ${name}`, work)
      return withFigures(await measureDepths(bench, context, topology, profiling), opened, ...first)
    })
})

export const rawCase = (topology: Topology): Case => clarionCase(RAW, "rawJson", PLAIN, topology, undefined)

/** Clarion's two kinds of channels, and what stands beside them. */
export const channelCases = (topology: Topology): ReadonlyArray<Case> => {
  const before = topology === ownChannels ? unheard : undefined
  return [
    clarionCase(CHANNEL, "channels", PLAIN, topology, before),
    clarionCase(HISTORY, "channels", KEPT, topology, before),
    contenderCase(socketIoRooms, topology),
    contenderCase(uwsTopics, topology)
  ]
}

// Targets.

const MOST_OF_RAW = 1.15
const MOST_JOINED_US = 0.8

const ofRaw = (of: Lookup, title: string): Verdict => {
  const target = `${title}: at depth 1 at most ${MOST_OF_RAW} times the CPU per message of the raw broadcast`
  const [own, raw] = [of(title, cpuLabel(1)), of(RAW, cpuLabel(1))]
  if (own === undefined || raw === undefined) return notMeasured(target)
  const ratio = own.median / raw.median
  return {
    target,
    measured: `${cell(own, 2)} µs to ${cell(raw, 2)} is ${number(ratio, 3)}`,
    isMet: ratio <= MOST_OF_RAW
  }
}

const joined = (of: Lookup, title: string): Verdict =>
  judged(
    `${title}: at depth 10 at most ${MOST_JOINED_US} µs of CPU per message`,
    of(title, cpuLabel(10)),
    (us) => `${cell(us, 2)} µs`,
    ({ median }) => median <= MOST_JOINED_US
  )

export const oneChannelVerdicts = (of: Lookup): ReadonlyArray<Verdict> =>
  [CHANNEL, HISTORY].flatMap((title) => [ofRaw(of, title), joined(of, title)])
