/** The lines below the last report: deliveries, limits, what a scenario found, and whether the figures can be relied on. */
import type {
  Broadcast,
  FoldedBroadcasts,
  Report,
  ScenarioFigure,
  ScenarioOutcome,
  ScenarioStep
} from "../../protocol/report.ts"

/** Broadcasts with copies too few or too many that are told one by one; the JSON report has them all. */
const MAX_ODD = 20

/** Lines joined by "\n"; empty where there is nothing to say. */
export const summary = ({
  broadcasts,
  earlierBroadcasts,
  publications,
  scenario,
  thresholds,
  unreliableBecause
}: Report): string =>
  [
    ...broadcastLines(broadcasts, earlierBroadcasts),
    ...(publications === undefined
      ? []
      : [
          `publications: ${publications.published} taken, ${publications.failed} failed, ${publications.skipped} too late`
        ]),
    ...(scenario === undefined ? [] : scenarioLines(scenario)),
    ...thresholds.map(
      ({ name, limit, found, met }) =>
        `threshold ${name}: ${found ?? "not known"}, limit ${limit}: ${met ? "met" : "MISSED"}`
    ),
    ...unreliableBecause.map((reason) => `unreliable: ${reason}`)
  ].join("\n")

/** One line for all, and one for each of the first that did not reach just those who were expected to hear them. */
const broadcastLines = (told: ReadonlyArray<Broadcast>, earlier: FoldedBroadcasts): ReadonlyArray<string> => {
  const count = told.length + earlier.broadcasts
  if (count === 0) return []
  const sum = (of: "expected" | "received") =>
    told.reduce((total, broadcast) => total + broadcast[of], earlier[of])
  const lastMs = told.reduce((most, broadcast) => Math.max(most, broadcast.lastMs), 0)
  const odd = told.filter(({ expected, received }) => expected !== received)
  return [
    `broadcasts: ${count}, ${sum("received")} of ${sum("expected")} copies, last after ${lastMs.toFixed(1)} ms at most`,
    ...odd
      .slice(0, MAX_ODD)
      .map(
        ({ id, expected, received, firstMs, lastMs }) =>
          `broadcast ${id}: ${received} of ${expected}, first after ${firstMs.toFixed(1)} ms, last after ${lastMs.toFixed(1)} ms`
      ),
    ...(odd.length > MAX_ODD
      ? [`${odd.length - MAX_ODD} more broadcasts did not reach just those expected`]
      : [])
  ]
}

const scenarioLines = ({
  name,
  figures,
  missed = [],
  steps = []
}: ScenarioOutcome): ReadonlyArray<string> => [
  ...figures.map((figure) => `scenario ${name}: ${figureText(figure)}`),
  ...steps.map((step) => `scenario ${name}: ${stepText(step)}`),
  ...missed.map((what) => `scenario ${name}: MISSED: ${what}`)
]

const stepText = ({ level, held, because, figures }: ScenarioStep): string => {
  const outcome = held ? "held" : because === undefined ? "DID NOT HOLD" : `DID NOT HOLD: ${because}`
  return [`level ${level}`, outcome, ...figures.map(figureText)].join(", ")
}

/** "recovery, 99th percentile: 12.34 ms" */
const figureText = ({ label, unit, value }: ScenarioFigure): string =>
  `${label}: ${value === null ? "not known" : `${Number(value.toFixed(2))}${unit === "" ? "" : ` ${unit}`}`}`
