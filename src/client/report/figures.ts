/** The figures of a report one by one, each with its name, its unit and which is better: what pages, comparisons and JUnit list. */
import type { Broadcast, LatencySummary, OwnPublications, Report } from "../../protocol/report.ts"
import { countOf } from "../metrics/RunMetrics.ts"

export interface Figure {
  /** Where it stands in the JSON: "latencyMs.p99"; some are made of several, and are named alike. */
  readonly name: string
  readonly label: string
  readonly unit: string
  /** Null where nothing was measured. */
  readonly value: number | null
  /** Which is better, where that is known. */
  readonly better?: "lower" | "higher" | undefined
}

export interface FigureGroup {
  readonly title: string
  readonly figures: ReadonlyArray<Figure>
}

/** All figures of a report, in groups for people. */
export const figureGroups = (report: Report): ReadonlyArray<FigureGroup> => [
  { title: "Connections", figures: connectionFigures(report) },
  { title: "Messages", figures: messageFigures(report) },
  { title: "Latency", figures: latencyFigures("latencyMs", "", report.latencyMs) },
  { title: "Broadcasts", figures: broadcastFigures(report) },
  ...(report.publications === undefined
    ? []
    : [{ title: "Own publications", figures: publicationFigures(report.publications) }]),
  { title: "Load client", figures: clientFigures(report) },
  ...(report.scenario === undefined
    ? []
    : [
        {
          title: `Scenario ${report.scenario.name}`,
          figures: report.scenario.figures.map((figure) => ({ ...figure, name: `scenario.${figure.name}` }))
        }
      ])
]

export const allFigures = (report: Report): ReadonlyArray<Figure> =>
  figureGroups(report).flatMap(({ figures }) => figures)

const connectionFigures = ({ connections, setup }: Report): ReadonlyArray<Figure> => [
  { name: "connections.attempted", label: "attempted", unit: "", value: connections.attempted },
  { name: "setup.count", label: "opened", unit: "", value: setup.count },
  { name: "connections.active", label: "open at the end", unit: "", value: connections.active },
  {
    name: "connections.errors",
    label: "errors",
    unit: "",
    value: countOf(connections.errors),
    better: "lower"
  },
  { name: "connections.closed", label: "closed before the end", unit: "", value: connections.closed },
  { name: "connections.reconnects", label: "came back", unit: "", value: connections.reconnects },
  {
    name: "setup.perSecond",
    label: "set up a second, over the ramp",
    unit: "/s",
    value: setup.perSecond,
    better: "higher"
  },
  { name: "setup.rampMs", label: "ramp", unit: "ms", value: setup.rampMs, better: "lower" },
  ...latencyFigures("setup.timeMs", "set-up time, ", setup.timeMs).filter(({ name }) =>
    /\.(p50|p99|max)$/.test(name)
  )
]

const messageFigures = ({ messages }: Report): ReadonlyArray<Figure> => [
  { name: "messages.count", label: "received", unit: "", value: messages.count },
  { name: "messages.unstamped", label: "without a stamp", unit: "", value: messages.unstamped },
  {
    name: "messages.perSecond",
    label: "a second, over the run",
    unit: "/s",
    value: messages.perSecond,
    better: "higher"
  }
]

const levels = {
  min: "lowest",
  mean: "mean",
  p50: "50 %",
  p75: "75 %",
  p90: "90 %",
  p95: "95 %",
  p98: "98 %",
  p99: "99 %",
  p999: "99.9 %",
  max: "highest"
} as const satisfies Partial<Record<keyof LatencySummary, string>>

const latencyFigures = (name: string, before: string, summary: LatencySummary): ReadonlyArray<Figure> =>
  (Object.keys(levels) as Array<keyof typeof levels>).map((level) => ({
    name: `${name}.${level}`,
    label: before + levels[level],
    unit: "ms",
    value: summary[level],
    better: "lower"
  }))

const broadcastFigures = ({ broadcasts, earlierBroadcasts }: Report): ReadonlyArray<Figure> => {
  const sum = (of: "expected" | "received") =>
    broadcasts.reduce((total, broadcast) => total + broadcast[of], earlierBroadcasts[of])
  const [expected, received] = [sum("expected"), sum("received")]
  const lasts = broadcasts.filter((broadcast) => broadcast.received > 0).map(({ lastMs }) => lastMs)
  return [
    {
      name: "broadcasts.count",
      label: "broadcasts",
      unit: "",
      value: broadcasts.length + earlierBroadcasts.broadcasts
    },
    { name: "broadcasts.expected", label: "copies expected", unit: "", value: expected },
    { name: "broadcasts.received", label: "copies received", unit: "", value: received },
    {
      name: "broadcasts.delivered",
      label: "delivered",
      unit: "%",
      value: expected === 0 ? null : (received / expected) * 100,
      better: "higher"
    },
    {
      name: "broadcasts.lastMs.mean",
      label: "time to the last copy, mean",
      unit: "ms",
      value: lasts.length === 0 ? null : lasts.reduce((total, ms) => total + ms, 0) / lasts.length,
      better: "lower"
    },
    {
      name: "broadcasts.lastMs.max",
      label: "time to the last copy, highest",
      unit: "ms",
      value: lasts.length === 0 ? null : lasts.reduce((most, ms) => Math.max(most, ms)),
      better: "lower"
    }
  ]
}

const publicationFigures = ({ published, failed, skipped }: OwnPublications): ReadonlyArray<Figure> => [
  { name: "publications.published", label: "published", unit: "", value: published },
  { name: "publications.failed", label: "not published: failed", unit: "", value: failed, better: "lower" },
  {
    name: "publications.skipped",
    label: "not published: too late",
    unit: "",
    value: skipped,
    better: "lower"
  }
]

const clientFigures = ({ client }: Report): ReadonlyArray<Figure> => [
  { name: "client.processes", label: "processes", unit: "", value: client.processes },
  { name: "client.cpu", label: "CPU of the busiest process", unit: "%", value: client.cpu * 100 },
  {
    name: "client.loopDelayMs.p99",
    label: "event-loop delay, 99 %",
    unit: "ms",
    value: client.loopDelayMs.p99
  },
  { name: "client.rampRestarts", label: "ramps started again", unit: "", value: client.rampRestarts }
]

/** Copies received of those expected: "6 of 7". */
export const deliveryText = ({ expected, received }: Pick<Broadcast, "expected" | "received">): string =>
  `${received} of ${expected}`
