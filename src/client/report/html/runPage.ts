/** One run as a page. */
import type { Report, ScenarioOutcome, Verdict } from "../../../protocol/report.ts"
import { grouped, shortest, withUnit } from "../../numbers.ts"
import { allFigures, deliveryText, type Figure, figureGroups } from "../figures.ts"
import { leaves } from "../leaves.ts"
import { html, type Markup, none } from "./markup.ts"
import type { Page } from "./page.ts"
import {
  bytes,
  charts,
  doubts,
  factTable,
  figureData,
  figureTable,
  lasting,
  moment,
  section,
  wideTable
} from "./sections.ts"

export const runPage = (report: Report): Page => {
  const { run, thresholds, scenario } = report
  const body = html`<main>
<header><h1>Load test of ${targetOf(report)}</h1>
<p>${moment(run.startedAt)}, ${lasting(run.durationMs)}${scenario === undefined ? "" : `, scenario ${scenario.name}`}. Run ${run.id}, Clarion ${run.version}.</p>
${verdictLines(report)}</header>
${doubts("These figures may not be the server's:", report.unreliableBecause)}
${section("headline", "In short", headline(report))}
${thresholds.length === 0 ? none : section("thresholds", "Limits", thresholdTable(thresholds))}
${charts}
${section("figures", "Figures", html`<div class="tables">${figureGroups(report).map(figureTable)}</div>`)}
${scenario?.steps === undefined ? none : section("steps", "Steps of the scenario", stepTable(scenario))}
${section("broadcasts", "Broadcasts", broadcastTable(report))}
${errorSection(report)}
${section("setting", "Where and how", html`<div class="tables">${machine(report)}${configuration(report.config)}</div>`)}
</main>`
  return {
    title: `Load test of ${targetOf(report)}, ${moment(run.startedAt)}`,
    body,
    runs: [{ name: "", report }]
  }
}

/** `server.uri` of the configuration. */
export const targetOf = ({ config }: Report): string => {
  const uri = (config as { readonly server?: { readonly uri?: unknown } } | null)?.server?.uri
  return typeof uri === "string" ? uri : "a server"
}

/** The limits that were missed, and each sentence of the scenario. */
const verdictLines = ({ thresholds, scenario }: Report): Markup => {
  const limits = thresholds.filter(({ met }) => !met).map(({ name }) => name)
  const missed = [...(limits.length === 0 ? [] : [limits.join(", ")]), ...(scenario?.missed ?? [])]
  if (missed.length > 0)
    return html`${missed.map((what) => html`<p class="verdict missed">Missed: ${what}</p>`)}`
  return thresholds.length === 0 ? none : html`<p class="verdict met">All limits were kept.</p>`
}

const headlines: ReadonlyArray<readonly [string, string]> = [
  ["connections.active", "connections"],
  ["setup.perSecond", "set up a second"],
  ["messages.count", "messages"],
  ["latencyMs.p50", "latency, median"],
  ["latencyMs.p99", "latency, 99 %"],
  ["broadcasts.delivered", "delivered"],
  ["broadcasts.lastMs.max", "to the last copy"],
  ["connections.errors", "errors"]
]

const headline = (report: Report): Markup => {
  const figures = new Map<string, Figure>(allFigures(report).map((figure) => [figure.name, figure]))
  return html`<dl class="headline">${headlines.map(
    ([name, label]) => html`<div><dt>${label}</dt><dd>${figureData(figures.get(name)!)}</dd></div>`
  )}</dl>`
}

const thresholdTable = (thresholds: ReadonlyArray<Verdict>): Markup =>
  wideTable(
    "Limits",
    ["figure", "limit", "found", "verdict"],
    thresholds.map(({ name, bound, limit, found, met }) => [
      name,
      `at ${bound} ${shortest(limit)}`,
      html`<data value="${found ?? ""}" data-threshold="${name}">${withUnit(found, "")}</data>`,
      met ? html`<span class="met">kept</span>` : html`<span class="missed">missed</span>`
    ])
  )

const stepTable = ({ steps = [] }: ScenarioOutcome): Markup =>
  wideTable(
    "Steps of the scenario",
    ["level", "verdict", "because", ...(steps[0]?.figures ?? []).map(({ label }) => label)],
    steps.map(({ level, held, because = "", figures }) => [
      grouped(level),
      held ? html`<span class="met">held</span>` : html`<span class="missed">did not hold</span>`,
      because,
      ...figures.map(({ value, unit }) => withUnit(value, unit))
    ])
  )

const broadcastTable = ({ broadcasts, earlierBroadcasts }: Report): Markup => {
  if (broadcasts.length === 0) return html`<p>No broadcast was heard.</p>`
  const { broadcasts: folded, expected, received } = earlierBroadcasts
  const earlier = `${grouped(folded)} broadcasts before these: ${deliveryText({ expected, received })} copies.`
  const rows = broadcasts.map((broadcast) => [
    broadcast.id,
    moment(new Date(Number(broadcast.id)).toISOString()),
    grouped(broadcast.expected),
    html`<span class="${broadcast.received < broadcast.expected ? "missed" : ""}">${grouped(broadcast.received)}</span>`,
    withUnit(broadcast.firstMs, "ms"),
    withUnit(broadcast.lastMs, "ms")
  ])
  const heads = ["stamp", "sent", "expected", "received", "first after", "last after"]
  const table = wideTable("Broadcasts", heads, rows)
  return html`${folded === 0 ? none : html`<p>${earlier}</p>`}${
    rows.length <= FEW ? table : html`<details><summary>${rows.length} broadcasts</summary>${table}</details>`
  }`
}

/** More rows than these are shown when asked for. */
const FEW = 20

const errorSection = ({ connections: { errors, closedByCode } }: Report): Markup => {
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => [name, grouped(count)] as const)
  const tables = [
    ...(Object.keys(errors).length === 0 ? [] : [factTable("Errors by kind", counted(errors))]),
    ...(Object.keys(closedByCode).length === 0
      ? []
      : [factTable("Closed before the end, by code", counted(closedByCode))])
  ]
  return tables.length === 0
    ? none
    : section("ends", "Errors and closes", html`<div class="tables">${tables}</div>`)
}

const machine = ({ run }: Report): Markup =>
  factTable("Machine of the load client", [
    ["processor", run.cpu],
    ["cores", String(run.cores)],
    ["memory", bytes(run.memoryBytes)],
    ["system", run.platform],
    ["kernel", run.kernel],
    ["Node", run.node],
    ["open files", run.openFiles === null ? "no limit known" : grouped(run.openFiles)]
  ])

const configuration = (config: unknown): Markup => factTable("Configuration", leaves("", config))
