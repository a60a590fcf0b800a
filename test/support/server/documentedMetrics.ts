/** What docs/metrics.md says of each metric, and what a server tells of itself, in the same form. */
import { readFileSync } from "node:fs"

export interface MetricShape {
  readonly type: string
  /** By name; values that are listed, or undefined where anything may come. */
  readonly labels: Readonly<Record<string, ReadonlyArray<string> | undefined>>
  /** Has the label `process` where there are several. */
  readonly isOfProcess: boolean
}

const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8")

const labelsOf = (cell: string): MetricShape["labels"] =>
  Object.fromEntries(
    [...cell.matchAll(/`(\w+)`(?:: ([^;`]+?)(?=, `|;|$))?/g)].map(([, name, values]) => [
      name!,
      values?.split(", ")
    ])
  )

/** By name. */
export const documentedMetrics = (): ReadonlyMap<string, MetricShape> => {
  const all = new Map<string, MetricShape>()
  for (const line of page.split("\n")) {
    const [, names = "", type = "", labels = ""] = /^\| (`.*?) \| (\w+) \| (.*?) ?\| /.exec(line) ?? []
    for (const [, name] of names.matchAll(/`(\w+)`/g)) {
      if (all.has(name!)) throw new Error(`${name} stands twice in docs/metrics.md`)
      all.set(name!, { type, labels: labelsOf(labels), isOfProcess: labels.startsWith("of a process") })
    }
  }
  return all
}

export interface EmittedMetric {
  readonly type: string
  /** Labels of each series; those of a histogram without `le`. */
  readonly series: ReadonlyArray<Readonly<Record<string, string>>>
}

const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** By name, from Prometheus' text format. */
export const emittedMetrics = (text: string): ReadonlyMap<string, EmittedMetric> => {
  const types = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name!, type!]))
  const all = new Map<string, { type: string; series: Array<Record<string, string>> }>()
  for (const [, series, labels = ""] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const name = types.has(series!) ? series! : series!.replace(/_(?:bucket|sum|count)$/, "")
    const type = types.get(name)
    if (type === undefined) throw new Error(`${series} has no type`)
    const { le: _, ...own } = Object.fromEntries(
      [...labels.matchAll(LABEL)].map(([, key, value]) => [key!, value!])
    )
    const metric = all.get(name) ?? { type, series: [] }
    metric.series.push(own)
    all.set(name, metric)
  }
  return all
}
