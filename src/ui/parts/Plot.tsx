/** The drawing of a chart: uPlot, kept at the width of its place, made anew when lines or colours are others. */
import { useEffect, useRef } from "preact/hooks"
import uPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import { type ChartShape, chartOptions } from "./chartOptions.ts"
import type { Series } from "./chartText.ts"
import { isDark } from "./scheme.ts"
import { useCell } from "./useCell.ts"

export interface PlotProps {
  readonly shape: ChartShape
  readonly xs: ReadonlyArray<number>
  readonly series: ReadonlyArray<Series>
  readonly range?: readonly [number, number] | undefined
  readonly height: number
  readonly label: string
  readonly hover: (at: number | null) => void
}

const dataOf = ({ xs, series }: PlotProps): uPlot.AlignedData =>
  [xs, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData

const structure = ({ shape, series, height }: PlotProps): string =>
  JSON.stringify([
    shape.x,
    shape.y,
    shape.sync,
    height,
    series.map(({ label, tone, kind }) => [label, tone, kind])
  ])

export const Plot = (props: PlotProps) => {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const newest = useRef(props)
  newest.current = props
  const isDarkNow = useCell(isDark)

  useEffect(() => {
    const element = place.current!
    const { shape, series, height } = newest.current
    const width = () => Math.max(120, element.clientWidth)
    const made = new uPlot(
      chartOptions(
        element,
        shape,
        series,
        { width: width(), height },
        () => newest.current.range,
        (at) => newest.current.hover(at)
      ),
      dataOf(newest.current),
      element
    )
    plot.current = made
    const resized = new ResizeObserver(() => {
      if (made.width !== width()) made.setSize({ width: width(), height })
    })
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
    }
  }, [structure(props), isDarkNow])

  useEffect(() => plot.current?.setData(dataOf(props)), [props.xs, props.series, props.range])

  return <div class="plot" ref={place} role="img" aria-label={props.label} />
}
