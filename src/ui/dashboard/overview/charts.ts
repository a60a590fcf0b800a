/** The charts of the overview: what each shows, from the ticks of a time. */
import type { Overview } from "../../../protocol/dashboard.ts"
import type { Series } from "../../parts/chartText.ts"
import { bytes, compact, count, milliseconds, percent, perSecond } from "../../parts/format.ts"
import { gauge, type Line, perProcess, rate, sum, type Tick } from "./timeline.ts"

export interface ChartOfTicks {
  readonly title: string
  readonly note: string
  readonly text: (value: number) => string
  readonly axisText?: (value: number) => string
  readonly isWhole?: boolean
  readonly series: (ticks: ReadonlyArray<Tick>) => ReadonlyArray<Series>
}

type Value = (overview: Overview) => number | undefined
type Named = readonly [label: string, value: Value, look?: "wide"]

const each =
  (lines: typeof gauge, ...named: ReadonlyArray<Named>) =>
  (ticks: ReadonlyArray<Tick>): ReadonlyArray<Series> =>
    named.map(([label, value, look], at) => ({
      label,
      tone: at + 1,
      values: lines(ticks, value),
      isWide: look === "wide"
    }))

const toned = (lines: ReadonlyArray<Line>): ReadonlyArray<Series> =>
  lines.map((line, at) => ({ ...line, tone: at + 1 }))

export const millisecondsAxis = (value: number): string =>
  value < 1_000 ? `${compact(value)} ms` : `${compact(value / 1_000)} s`

const MEBIBYTE = 2 ** 20

/** Where a reason is new, nothing was dropped for it before. */
const drops = (ticks: ReadonlyArray<Tick>): ReadonlyArray<Series> => {
  const reasons = Object.keys(ticks.findLast(({ now }) => now !== null)?.now?.dropped ?? {})
  const named = reasons.map((reason): Named => [reason, ({ dropped }) => dropped[reason] ?? 0])
  return each(rate, ...named, ["closed first", ({ missed }) => missed])(ticks)
}

export const traffic: ReadonlyArray<ChartOfTicks> = [
  {
    title: "Connections",
    note: "live",
    text: count,
    isWhole: true,
    series: each(
      gauge,
      ["all", ({ connections }) => connections, "wide"],
      ["by the client protocol", ({ clients }) => clients]
    )
  },
  {
    title: "Set-up and close",
    note: "each second",
    text: perSecond,
    isWhole: true,
    series: each(
      rate,
      ["opened", ({ opened }) => opened],
      ["closed", ({ closed }) => closed],
      ["refused", ({ refused }) => sum(refused)]
    )
  },
  {
    title: "Messages",
    note: "each second",
    text: perSecond,
    isWhole: true,
    series: each(
      rate,
      ["of broadcasts", ({ written, writtenInChannels }) => written - writtenInChannels],
      ["in channels", ({ writtenInChannels }) => writtenInChannels],
      ["received", ({ received }) => received],
      ["publications", ({ publications }) => publications]
    )
  }
]

export const machine: ReadonlyArray<ChartOfTicks> = [
  {
    title: "Event-loop delay",
    note: "p99 of the last 10 s",
    text: milliseconds,
    axisText: millisecondsAxis,
    series: (ticks) => toned(perProcess(ticks, gauge, ({ loopDelayMs }) => loopDelayMs.p99))
  },
  {
    title: "CPU",
    note: "of a core",
    text: percent,
    axisText: (value) => percent(value),
    series: (ticks) => toned(perProcess(ticks, rate, ({ cpuSeconds }) => cpuSeconds))
  },
  {
    title: "Memory",
    note: "resident",
    // Drawn in MiB, so that the axis has round numbers of them.
    text: (value) => bytes(value * MEBIBYTE),
    axisText: (value) => `${compact(value)} MiB`,
    series: (ticks) => toned(perProcess(ticks, gauge, ({ residentBytes }) => residentBytes / MEBIBYTE))
  },
  { title: "Drops", note: "each second, by reason", text: perSecond, isWhole: true, series: drops }
]
