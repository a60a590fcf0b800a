/** The report as JUnit XML: a test case for each limit, and all figures as properties, for tools that show the results of builds. */
import type { Report, Verdict } from "../../protocol/report.ts"
import { allFigures, deliveryText } from "./figures.ts"
import { leaves } from "./leaves.ts"

export const junitReport = (report: Report): string => {
  const cases = [
    reliableCase(report),
    ...report.thresholds.map((verdict) => thresholdCase(verdict)),
    ...levelCases(report),
    ...scenarioCase(report)
  ]
  const having = (outcome: string) => cases.filter((text) => text.includes(`<${outcome} `)).length
  const counts = {
    tests: cases.length,
    failures: having("failure"),
    errors: 0,
    skipped: having("skipped"),
    time: report.run.durationMs / 1_000
  }
  const suite = { name: "clarion load test", ...counts, timestamp: report.run.startedAt.slice(0, 19) }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "clarion load test", ...counts })}>`,
    `  <testsuite${attributes(suite)}>`,
    "    <properties>",
    ...propertiesOf(report).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    "    </properties>",
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    ""
  ].join("\n")
}

const caseOf = (classname: string, name: string, outcome = ""): string => {
  const start = `    <testcase${attributes({ classname: `clarion.${classname}`, name, time: 0 })}`
  return outcome === "" ? `${start}/>` : `${start}>${outcome}</testcase>`
}

const thresholdCase = ({ name, bound, limit, found, met }: Verdict, where = ""): string => {
  const title = `${name} is at ${bound} ${limit}${where}`
  const message = `${name} is ${found ?? "not known"}, limit ${limit}`
  return caseOf("thresholds", title, met ? "" : `<failure${attributes({ message, type: "threshold" })}/>`)
}

/**
 * The limits that judged a scenario which goes from level to level: those of its first one, as what broke a later one is what it looked
 * for. One of which nothing was found breaks no level.
 */
const levelCases = ({ scenario }: Report): ReadonlyArray<string> => {
  const [first] = scenario?.steps ?? []
  return (first?.verdicts ?? []).map((verdict) => {
    const { name, bound, limit, found } = verdict
    const where = ` at level ${first!.level}`
    if (found !== null) return thresholdCase(verdict, where)
    const message = `${name} could not be judged: nothing was found`
    return caseOf(
      "thresholds",
      `${name} is at ${bound} ${limit}${where}`,
      `<skipped${attributes({ message })}/>`
    )
  })
}

/**
 * What a scenario itself asks for. Of one that goes from level to level: that even the first one did not hold is the failure, not where it
 * ended.
 */
const scenarioCase = ({ scenario }: Report): ReadonlyArray<string> => {
  if (scenario?.missed === undefined) return []
  const [first] = scenario.steps ?? []
  const title = first === undefined ? `${scenario.name} holds` : `${scenario.name} holds level ${first.level}`
  const failure = `<failure${attributes({ message: scenario.missed.join("; "), type: "scenario" })}/>`
  return [caseOf("scenario", title, scenario.missed.length === 0 ? "" : failure)]
}

/** Figures that cannot be relied on are no failure of the server: nobody knows. */
const reliableCase = ({ unreliableBecause }: Report): string =>
  caseOf(
    "client",
    "the client was no bottleneck",
    unreliableBecause.length === 0 ? "" : `<skipped${attributes({ message: unreliableBecause.join(" ") })}/>`
  )

/** Every single value of the report, by its path; of lists, the broadcasts. */
const propertiesOf = (report: Report): ReadonlyArray<readonly [string, string | number]> => {
  const { run, config, connections, broadcasts, scenario } = report
  const figures = allFigures(report).map(({ name, value }) => [name, value ?? ""] as const)
  const flat = Object.entries({ run, config, connections }).flatMap(([name, value]) => leaves(name, value))
  const known = new Set(figures.map(([name]) => name))
  return [
    ...flat.filter(([name]) => !known.has(name)),
    ...figures,
    ...broadcasts.map(
      (broadcast) =>
        [
          `broadcast.${broadcast.id}`,
          `${deliveryText(broadcast)}, first after ${broadcast.firstMs} ms, last after ${broadcast.lastMs} ms`
        ] as const
    ),
    ...(scenario?.steps ?? []).map(
      ({ level, held, because }) =>
        [`scenario.step.${level}`, held ? "held" : `did not hold: ${because ?? "not known"}`] as const
    )
  ]
}

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join("")

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

/** XML 1.0 has no way to write most control characters and halves of surrogate pairs; white space in an attribute would become a blank. */
const escaped = (text: string): string =>
  text
    .replace(/[&<>"]/g, (character) => entities[character]!)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it replaces them
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/gu, "\ufffd")
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
