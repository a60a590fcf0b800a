/** The table of a run, servers side by side, and what has to be known beside it. */
import type { Spread } from "../support/statistics.ts"
import { cell, number, table } from "../support/table.ts"
import { type ContenderName, contenderNames, contenders } from "./contenders.ts"
import { isIncomplete, type Outcome, type Results } from "./results.ts"
import type { DepthFigures, Trial } from "./trial.ts"

type Row = readonly [label: string, digits: number, of: (name: ContenderName) => Spread | undefined]

const setUpRows = (results: Results): ReadonlyArray<Row> => {
  const row = (label: string, digits: number, pick: (trial: Trial) => number): Row => [
    label,
    digits,
    (name) => results.setUp(name, pick)
  ]
  return [
    row("set-ups per second", 0, ({ setUp }) => setUp.perSecond),
    row("server CPU per set-up, µs", 1, ({ setUp }) => setUp.cpuUs),
    row("memory per idle connection, KB", 2, ({ setUp }) => setUp.rssBytes / 1024)
  ]
}

const depthRows = (results: Results, depth: number): ReadonlyArray<Row> => {
  const row = (label: string, digits: number, pick: (figures: DepthFigures) => number): Row => [
    `depth ${depth}: ${label}`,
    digits,
    (name) => results.atDepth(name, depth, pick)
  ]
  return [
    row("**CPU per message, µs**", 2, ({ cpuUs }) => cpuUs),
    row("of it user, µs", 2, ({ userUs }) => userUs),
    row("of it system, µs", 2, ({ systemUs }) => systemUs),
    row("messages per second", 0, ({ messagesPerSecond }) => messagesPerSecond),
    row("server busy, %", 0, ({ serverBusy }) => serverBusy * 100),
    row("round p50, ms", 1, ({ roundMs }) => roundMs.p50),
    row("round p90, ms", 1, ({ roundMs }) => roundMs.p90),
    row("round max, ms", 1, ({ roundMs }) => roundMs.max),
    row("latency p50, ms", 1, ({ latencyMs }) => latencyMs.p50),
    row("latency p99, ms", 1, ({ latencyMs }) => latencyMs.p99)
  ]
}

export const resultTable = (results: Results, depths: ReadonlyArray<number>): string => {
  const names = contenderNames.filter((name) => results.servers[name] !== undefined)
  const rows = [...setUpRows(results), ...depths.flatMap((depth) => depthRows(results, depth))]
  const cells = rows.map(([label, digits, of]) => [label, ...names.map((name) => cell(of(name), digits))])
  return table(["median (range)", ...names.map((name) => contenders[name].title)], cells)
}

/** CPU seconds from which a reading in ticks of 10 ms is exact to 1 %. */
const EXACT_FROM_SECONDS = 1
const BUSY_OTHERS = 0.1
const HELD_BACK = 0.9

export const notes = (results: Results): ReadonlyArray<string> => [
  ...contenderNames.flatMap((name) => {
    const outcome = results.servers[name]
    return outcome === undefined ? [] : outcomeNotes(contenders[name].title, outcome)
  }),
  ...outcomeNotes("event-loop run", results.loop)
]

const outcomeNotes = (title: string, { trials, failures, unavailable }: Outcome): ReadonlyArray<string> => {
  const figures = trials.flatMap(({ depths }) => Object.entries(depths))
  const about = (is: (figures: DepthFigures) => boolean, say: (figures: DepthFigures) => string) =>
    figures.filter(([, each]) => is(each)).map(([depth, each]) => `${title}, depth ${depth}: ${say(each)}`)
  return [
    ...(unavailable === undefined ? [] : [`${title}: not measured: ${unavailable}`]),
    ...failures.map((why) => `${title}: FAILED: ${why}`),
    ...about(
      isIncomplete,
      ({ shortRounds, rounds, stray, problem }) =>
        `FAILED: ${shortRounds} of ${rounds} rounds did not reach everyone, ${stray} stray messages${problem === undefined ? "" : `; ${problem}`}`
    ),
    ...about(
      ({ othersBusy }) => othersBusy > BUSY_OTHERS,
      ({ othersBusy }) => `other processes used ${number(othersBusy * 100, 0)} % of the server's core`
    ),
    ...about(
      ({ cpuSeconds }) => cpuSeconds < EXACT_FROM_SECONDS,
      ({ cpuSeconds }) => `only ${number(cpuSeconds, 2)} s of CPU, read in ticks of 0.01 s`
    ),
    ...heldBack(title, trials)
  ]
}

/** Once for each depth: that a server waits for the driver holds for all repetitions. */
const heldBack = (title: string, trials: ReadonlyArray<Trial>): ReadonlyArray<string> =>
  Object.keys(trials[0]?.depths ?? {}).flatMap((depth) => {
    const busy = Math.max(...trials.map(({ depths }) => depths[Number(depth)]?.serverBusy ?? 0))
    const text =
      "the driver, not the server, set the pace: messages per second, rounds and latency are the driver's"
    return busy < HELD_BACK ? [`${title}, depth ${depth}: ${text}`] : []
  })
