/** Two runs as a page: their figures side by side, and both in the same charts. */
import type { Report } from "../../protocol/report.ts"
import { withUnit } from "../numbers.ts"
import { html, type Markup } from "../report/html/markup.ts"
import type { NamedReport, Page } from "../report/html/page.ts"
import { targetOf } from "../report/html/runPage.ts"
import { charts, doubts, lasting, moment, scrolling, section, wideTable } from "../report/html/sections.ts"
import {
  type ComparedFigure,
  type ComparedGroup,
  changeText,
  compareReports,
  type Difference
} from "./comparison.ts"

export const comparePage = (a: NamedReport, b: NamedReport): Page => {
  const { groups, differences, cautions } = compareReports(a.report, b.report)
  const title = `Load tests ${a.name} and ${b.name}`
  const body = html`<main>
<header><h1>${title}</h1>
${runLine("a", a)}${runLine("b", b)}</header>
${doubts("These runs do not compare as they stand:", cautions)}
${charts}
${section("figures", "Figures", figureTable(groups, a.name, b.name))}
${section("setting", "Different settings", differenceTable(differences, a.name, b.name))}
</main>`
  return { title, body, runs: [a, b] }
}

const runLine = (letter: string, { name, report }: NamedReport): Markup =>
  html`<p>${letter}: ${name}, ${targetOf(report)}, ${moment(report.run.startedAt)}, ${lasting(report.run.durationMs)}${unreliable(report)}.</p>`

const unreliable = ({ reliable }: Report): string => (reliable ? "" : ", figures in doubt")

/** One table, so that its columns stand below each other through all groups. */
const figureTable = (groups: ReadonlyArray<ComparedGroup>, a: string, b: string): Markup =>
  scrolling(
    "Figures",
    html`<table><thead><tr><th scope="col">figure</th><th scope="col">${a}</th><th scope="col">${b}</th>
<th scope="col">difference</th><th scope="col">second is</th></tr></thead>${groups.map(
      ({ title, figures }) =>
        html`<tbody><tr class="group"><th scope="rowgroup" colspan="5">${title}</th></tr>${figures.map(figureRow)}</tbody>`
    )}</table>`
  )

const figureRow = (figure: ComparedFigure): Markup =>
  html`<tr><th scope="row">${figure.label}</th><td>${valueOf(figure, "a")}</td><td>${valueOf(figure, "b")}</td>
<td>${changeText(figure)}</td><td><span class="${figure.verdict ?? ""}">${figure.verdict ?? ""}</span></td></tr>`

const valueOf = (figure: ComparedFigure, of: "a" | "b"): Markup =>
  html`<data value="${figure[of] ?? ""}" data-figure="${figure.name}" data-run="${of}">${withUnit(figure[of], figure.unit)}</data>`

const differenceTable = (differences: ReadonlyArray<Difference>, a: string, b: string): Markup =>
  differences.length === 0
    ? html`<p>Configuration and machine are the same.</p>`
    : wideTable(
        "Different settings",
        ["setting", a, b],
        differences.map((difference) => [difference.name, difference.a, difference.b])
      )
