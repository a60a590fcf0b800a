/** The overview: how the server does now, and did in the last minutes. */
import { useEffect, useMemo } from "preact/hooks"
import type { Overview } from "../../../protocol/dashboard.ts"
import { Chart } from "../../parts/Chart.tsx"
import { milliseconds } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { Tiles } from "../../parts/Tiles.tsx"
import { useCell } from "../../parts/useCell.ts"
import { useDraft } from "../drafts.ts"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { type ChartOfTicks, machine, millisecondsAxis, traffic } from "./charts.ts"
import { fillProblem, follow, overviews } from "./overviews.ts"
import { Processes } from "./Processes.tsx"
import { Reasons } from "./Reasons.tsx"
import { tilesOf } from "./tiles.ts"
import { type Tick, timeline } from "./timeline.ts"
import { useWriteTimes } from "./useWriteTimes.ts"
import { writeTimeSeries } from "./writeTimes.ts"

const SYNC = "overview"
const MINUTE = 60_000
const spans = [2, 10, 60] as const

const SpanChoice = ({ chosen, choose }: { chosen: string; choose: (minutes: string) => void }) => (
  <fieldset class="spans">
    <legend class="hidden">Time shown</legend>
    {spans.map((minutes) => (
      <label class="choice" key={minutes}>
        <input
          type="radio"
          name="span"
          checked={chosen === String(minutes)}
          onChange={() => choose(String(minutes))}
        />
        {minutes} min
      </label>
    ))}
  </fieldset>
)

type Ticks = ReadonlyArray<Tick>
type Range = readonly [number, number]

/** From the first that is known, but a minute at least: a page that was just opened fills from the right. */
const rangeOf = (known: ReadonlyArray<Overview>, now: Overview, span: number): Range => [
  Math.min(now.at - MINUTE, Math.max(now.at - span, known[0]!.at)),
  now.at
]

/** It is drawn anew with new ticks, and not with a new receipt. */
const TickChart = ({ of, ticks, range }: { of: ChartOfTicks; ticks: Ticks; range: Range }) => {
  const { title, note, text, axisText, isWhole } = of
  const series = useMemo(() => of.series(ticks), [of, ticks])
  const xs = useMemo(() => ticks.map(({ at }) => at), [ticks])
  return (
    <Chart
      title={title}
      note={note}
      x="time"
      xs={xs}
      series={series}
      text={text}
      axisText={axisText}
      isWhole={isWhole}
      range={range}
      sync={SYNC}
    />
  )
}

const Charts = ({ known, now, span }: { known: ReadonlyArray<Overview>; now: Overview; span: number }) => {
  const ticks = useMemo(() => timeline(known.filter(({ at }) => at >= now.at - span)), [known, span])
  const range = useMemo(() => rangeOf(known, now, span), [known, span])
  const written = useWriteTimes(now.at - span)
  const writtenAt = useMemo(() => written.map(({ at }) => at), [written])
  const writtenSeries = useMemo(() => writeTimeSeries(written), [written])
  const draw = (of: ChartOfTicks) => <TickChart key={of.title} of={of} ticks={ticks} range={range} />
  return (
    <div class="charts">
      {traffic.map(draw)}
      <Chart
        title="Time to last write"
        note="of each receipt"
        x="time"
        xs={writtenAt}
        series={writtenSeries}
        text={milliseconds}
        axisText={millisecondsAxis}
        range={range}
        empty="Nothing with a receipt has been written yet."
      />
      {machine.map(draw)}
    </div>
  )
}

export const OverviewView = () => {
  const known = useCell(overviews)
  const unfilled = useCell(fillProblem)
  const [minutes, setMinutes] = useDraft("overview.span", "10")
  useEffect(follow, [])
  const now = known.at(-1)
  if (now === undefined)
    return (
      <>
        <TopicProblem topic="overview" />
        <p class="empty">Waiting for the first figures…</p>
      </>
    )
  return (
    <>
      <TopicProblem topic="overview" />
      <Tiles tiles={tilesOf(now, timeline(known.slice(-2)))} />
      <div class="toolbar">
        <h2>Over time</h2>
        <SpanChoice chosen={minutes} choose={setMinutes} />
      </div>
      <Problem text={unfilled} />
      <Charts known={known} now={now} span={Number(minutes) * MINUTE} />
      <Processes known={known} />
      <div class="columns">
        <Reasons
          title="Connections closed, by code"
          of={now.closedByCode}
          name="Code"
          empty="None has been closed."
        />
        <Reasons
          title="Handshakes refused, by reason"
          of={now.refused}
          name="Reason"
          empty="None has been refused."
        />
        <Reasons
          title="Messages dropped, by reason"
          of={now.dropped}
          name="Reason"
          empty="None has been dropped."
        />
      </div>
    </>
  )
}
