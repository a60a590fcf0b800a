// Panels of a Grafana dashboard, and their places.
import { query } from "./queries.mjs"

export const datasource = { type: "prometheus", uid: "$datasource" }

const COLUMNS = 24
const HEIGHT = 8

/** Places panels from the left to the right, in rows with a title. */
export class Layout {
  panels = []
  #x = 0
  #y = 0
  #rowHeight = 0

  row(title) {
    this.#y += this.#rowHeight
    this.panels.push({
      type: "row",
      title,
      collapsed: false,
      id: this.panels.length + 1,
      gridPos: { x: 0, y: this.#y, w: COLUMNS, h: 1 },
      panels: []
    })
    this.#y += 1
    this.#x = 0
    this.#rowHeight = 0
    return this
  }

  add(panel, w, h) {
    if (this.#x + w > COLUMNS) {
      this.#y += this.#rowHeight
      this.#x = 0
      this.#rowHeight = 0
    }
    this.panels.push({ ...panel, id: this.panels.length + 1, gridPos: { x: this.#x, y: this.#y, w, h } })
    this.#x += w
    this.#rowHeight = Math.max(this.#rowHeight, h)
    return this
  }

  /** Lines over time. @param unit as Grafana names it */
  lines(title, unit, description, ...queries) {
    return this.add(panelOf("timeseries", title, unit, description, queries, lineOptions), 8, HEIGHT)
  }

  /** Bars on top of each other over time. */
  stacked(title, unit, description, ...queries) {
    return this.add(panelOf("timeseries", title, unit, description, queries, stackOptions), 8, HEIGHT)
  }

  /** One number, the present one. @param steps [[from, color], …]; null is the least */
  stat(title, unit, description, expr, steps = [[null, "text"]]) {
    const panel = panelOf("stat", title, unit, description, [query(expr, "")], statOptions(steps))
    return this.add(panel, 4, 4)
  }
}

const panelOf = (type, title, unit, description, queries, { custom, options, thresholds }) => ({
  type,
  title,
  description,
  datasource,
  fieldConfig: {
    defaults: { unit, min: 0, custom, ...(thresholds === undefined ? {} : { thresholds }) },
    overrides: []
  },
  options,
  targets: queries.map(({ expr, legendFormat }, i) => ({
    refId: String.fromCharCode(65 + i),
    datasource,
    expr,
    legendFormat,
    ...(type === "stat" ? { instant: true, range: false } : {})
  }))
})

const legend = { displayMode: "list", placement: "bottom", showLegend: true }
const tooltip = { mode: "multi", sort: "desc" }
const lineOptions = {
  custom: { drawStyle: "line", lineWidth: 1, fillOpacity: 8, showPoints: "never", spanNulls: false },
  options: { legend, tooltip }
}
const stackOptions = {
  custom: {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: 30,
    showPoints: "never",
    stacking: { mode: "normal", group: "A" }
  },
  options: { legend, tooltip }
}
const statOptions = (steps) => ({
  custom: {},
  options: {
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    colorMode: "value",
    graphMode: "none",
    justifyMode: "auto",
    textMode: "auto"
  },
  thresholds: { mode: "absolute", steps: steps.map(([value, color]) => ({ value, color })) }
})
