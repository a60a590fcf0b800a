/** What pages of reports are made of. */
import { clock, grouped, withUnit } from "../../numbers.ts"
import type { Figure, FigureGroup } from "../figures.ts"
import { html, type Markup, none } from "./markup.ts"

/** For people as they read numbers, for programs as it is in the JSON. */
export const figureData = ({ name, value, unit }: Pick<Figure, "name" | "value" | "unit">): Markup =>
  html`<data value="${value ?? ""}" data-figure="${name}">${withUnit(value, unit)}</data>`

export const figureTable = ({ title, figures }: FigureGroup): Markup =>
  figures.length === 0
    ? none
    : html`<table class="values"><caption>${title}</caption><tbody>${figures.map(
        (figure) => html`<tr><th scope="row">${figure.label}</th><td>${figureData(figure)}</td></tr>`
      )}</tbody></table>`

/** Names and texts. */
export const factTable = (title: string, facts: ReadonlyArray<readonly [string, string | number]>): Markup =>
  html`<table class="values"><caption>${title}</caption><tbody>${facts.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`
  )}</tbody></table>`

/** What is wider than a phone scrolls by itself, and can be reached with the keyboard. */
export const scrolling = (title: string, content: Markup): Markup =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="${title}">${content}</div>`

export const wideTable = (
  title: string,
  heads: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | number | Markup>>
): Markup =>
  scrolling(
    title,
    html`<table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map(
      ([first, ...cells]) =>
        html`<tr><th scope="row">${first ?? ""}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`
    )}</tbody></table>`
  )

/** Sentences that keep figures from being taken for more than they are. */
export const doubts = (title: string, reasons: ReadonlyArray<string>): Markup =>
  reasons.length === 0
    ? none
    : html`<aside class="doubts" aria-label="Doubts"><p>${title}</p>
<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul></aside>`

/** Where the script draws. */
export const charts = html`<section aria-labelledby="charts"><h2 id="charts">Charts</h2>
<div id="plots" class="charts"><p class="empty">Charts are drawn by the page's script; the figures need none.</p></div></section>`

export const section = (id: string, title: string, content: Markup | ReadonlyArray<Markup>): Markup =>
  html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`

/** "2026-11-22 02:10:00 UTC" */
export const moment = (iso: string): string => iso.replace("T", " ").replace(/\.\d+Z$/, " UTC")

/** "1:30 min", "1:00:05 h" */
export const lasting = (ms: number): string => `${clock(ms)} ${ms >= 3_600_000 ? "h" : "min"}`

/** "15.6 GiB" */
export const bytes = (count: number): string => {
  const [size, unit] = count >= 2 ** 30 ? [2 ** 30, "GiB"] : [2 ** 20, "MiB"]
  const amount = count / size
  return `${amount < 100 ? Number(amount.toFixed(1)) : grouped(amount)} ${unit}`
}
