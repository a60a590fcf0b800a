/** The lines below the last report: deliveries, limits, what a scenario found, and whether the figures can be relied on. */
import type { Report, ScenarioFigure, ScenarioOutcome, ScenarioStep } from "../../protocol/report.ts"

/** Lines joined by "\n"; empty where there is nothing to say. */
export const summary = ({
  broadcasts,
  publications,
  scenario,
  thresholds,
  unreliableBecause
}: Report): string =>
  [
    ...broadcasts.map(
      ({ id, expected, received, firstMs, lastMs }) =>
        `broadcast ${id}: ${received} of ${expected}, first after ${firstMs.toFixed(1)} ms, last after ${lastMs.toFixed(1)} ms`
    ),
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
