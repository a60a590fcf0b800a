/** The table of a run, servers side by side, and what has to be known beside it. */
import { missingNotes, type Outcome } from "../support/outcome.ts"
import { incompleteness, isDisturbed } from "../support/rounds.ts"
import type { Spread } from "../support/statistics.ts"
import { cell, number, table } from "../support/table.ts"
import { type ContenderName, contenderNames, contenders } from "./contenders.ts"
import type { Results } from "./results.ts"
import type { DepthFigures, Trial } from "./trial.ts"

type Row = readonly [label: string, digits: number, of: (name: ContenderName) => Spread | undefined]

const setUpRows = (results: Results): ReadonlyArray<Row> => {
  const row = (label: string, digits: number, pick: (trial: Trial) => number): Row => [
    label,
    digits,
    (name) => results.setUp(name, pick)
  ]
  return [
    row("set-ups per second, client in C", 0, ({ storm }) => storm?.perSecond ?? Number.NaN),
    row("server CPU per set-up, µs", 1, ({ storm }) => storm?.cpuUs ?? Number.NaN),
    row("set-ups per second, driver", 0, ({ setUp }) => setUp.perSecond),
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
    row("driver busy, %", 0, ({ driverBusy }) => driverBusy * 100),
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

export const notes = (results: Results): ReadonlyArray<string> => [
  ...contenderNames.flatMap((name) => {
    const outcome = results.servers[name]
    return outcome === undefined ? [] : outcomeNotes(contenders[name].title, outcome)
  }),
  ...outcomeNotes("event-loop run", results.loop),
  "where a server was busy for less than 90 % of the time, messages per second, rounds and latencies are not its own: " +
    "the driver, or others on its core, set the pace"
]

const outcomeNotes = (title: string, outcome: Outcome<Trial>): ReadonlyArray<string> => [
  ...missingNotes(title, outcome),
  ...Object.keys(outcome.trials[0]?.depths ?? {}).flatMap((depth) =>
    depthNotes(
      `${title}, depth ${depth}`,
      outcome.trials.map(({ depths }) => depths[Number(depth)]!)
    )
  )
]

const depthNotes = (title: string, figures: ReadonlyArray<DepthFigures>): ReadonlyArray<string> => {
  const disturbed = figures.filter(isDisturbed)
  const most = number(Math.max(...disturbed.map(({ othersBusy }) => othersBusy * 100)), 0)
  const least = Math.min(...figures.map(({ cpuSeconds }) => cpuSeconds))
  return [
    ...figures.flatMap((each) => incompleteness(each) ?? []).map((why) => `${title}: FAILED: ${why}`),
    ...(disturbed.length > 0
      ? [
          `${title}: others used up to ${most} % of the server's core in ${disturbed.length} of ${figures.length}`
        ]
      : []),
    ...(least < EXACT_FROM_SECONDS
      ? [`${title}: only ${number(least, 2)} s of CPU, read in ticks of 0.01 s`]
      : [])
  ]
}
