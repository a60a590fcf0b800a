/** What uPlot is told of a chart: axes, colours, lines. Colours come from the style sheet, as uPlot draws on a canvas. */
import uPlot from "uplot"
import { alone, decades, fromZero } from "./chartScale.ts"
import type { Series } from "./chartText.ts"
import { clock, compact, minuteOfDay } from "./format.ts"

export interface ChartShape {
  /** "time": milliseconds since the epoch; "linear" unless said. */
  readonly x?: "time" | "linear" | "log" | undefined
  readonly y?: "linear" | "log" | undefined
  readonly xText?: ((x: number) => string) | undefined
  /** Of the axis; compact numbers unless said. */
  readonly axisText?: ((value: number) => string) | undefined
  /** Counts: the y axis has whole numbers alone. */
  readonly isWhole?: boolean | undefined
  /** Charts of the same name show the cursor at the same x. */
  readonly sync?: string | undefined
}

/** Of a line that others may lie on. */
const WIDE = 4.5
const FONT = "11px system-ui, -apple-system, sans-serif"
/** Room that the labels of the y axis have at least, so that charts below each other have the same beginning, mostly. */
const AXIS_WIDTH = 48
const CHARACTER_WIDTH = 6.5
const MINUTE = 60_000

/** The colour that a custom property stands for, where this element is. */
const resolved = (element: HTMLElement, property: string): string => {
  const probe = element.ownerDocument.createElement("i")
  probe.style.color = `var(${property})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** A value between two gaps is a point. */
const alonePoints = (plot: uPlot, series: number) => [
  ...alone(plot.data[series] as ReadonlyArray<number | null>)
]

const drawn = (
  element: HTMLElement,
  { label, tone, kind = "line", isWide = false }: Series
): uPlot.Series => {
  const stroke = resolved(element, `--tone-${tone}`)
  if (kind === "points") {
    return { label, stroke, paths: () => null, points: { show: true, size: 5, width: 1, fill: stroke } }
  }
  const steps = uPlot.paths.stepped!({ align: 1 })
  const points = { show: false, size: 3, width: 0, fill: stroke, filter: alonePoints }
  return { label, stroke, width: isWide ? WIDE : 1.5, points, ...(kind === "steps" ? { paths: steps } : {}) }
}

/** 1, 2, 5, 10, … */
const WHOLE = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()

const timeText = (_: uPlot, splits: Array<number>, _axis: number, _space: number, increment: number) =>
  splits.map(increment < MINUTE ? clock : minuteOfDay)

const axes = (element: HTMLElement, shape: ChartShape): Array<uPlot.Axis> => {
  const { x, xText = compact, axisText = compact, isWhole = false } = shape
  const [stroke, line] = [resolved(element, "--muted"), resolved(element, "--grid")]
  const both = {
    stroke,
    font: FONT,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 }
  }
  // On a logarithmic axis uPlot leaves out what has no room, as null.
  const texts = (text: (value: number) => string) => (_: uPlot, splits: Array<number | null>) =>
    splits.map((value) => (value === null ? "" : text(value)))
  return [
    { ...both, size: 28, gap: 4, space: 64, values: x === "time" ? timeText : texts(xText) },
    {
      ...both,
      size: widthOf,
      gap: 4,
      space: 28,
      values: texts(axisText),
      ...(isWhole ? { incrs: WHOLE } : {})
    }
  ]
}

/** As wide as the longest label. */
const widthOf = (_: uPlot, labels: Array<string> | null): number =>
  Math.max(AXIS_WIDTH, ...(labels ?? []).map((label) => Math.ceil(label.length * CHARACTER_WIDTH) + 12))

const LOGARITHMIC = 3

/**
 * @param range of x, asked for each drawing; absent: that of the data
 * @param hover the place in the data that the pointer is at, or null
 */
export const chartOptions = (
  element: HTMLElement,
  shape: ChartShape,
  series: ReadonlyArray<Series>,
  size: { readonly width: number; readonly height: number },
  range: () => readonly [number, number] | undefined,
  hover: (at: number | null) => void
): uPlot.Options => {
  const isTime = shape.x === "time"
  const logX = shape.x === "log" ? { distr: LOGARITHMIC as 3 } : {}
  const logY = shape.y === "log" ? { distr: LOGARITHMIC as 3 } : {}
  return {
    ...size,
    ms: 1,
    padding: [8, isTime ? 26 : 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
      ...(shape.sync === undefined ? {} : { sync: { key: shape.sync } })
    },
    scales: {
      x: {
        time: isTime,
        ...logX,
        range: (_, low, high) => [...(range() ?? [low, high])] as [number, number]
      },
      y: {
        ...logY,
        range: (_, low, high) => (shape.y === "log" ? decades(low, high) : fromZero(high, shape.isWhole))
      }
    },
    axes: axes(element, shape),
    series: [{}, ...series.map((one) => drawn(element, one))],
    hooks: { setCursor: [(plot) => hover(plot.cursor.idx ?? null)] }
  }
}
