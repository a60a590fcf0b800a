/**
 * A chart with its title, a legend that has the newest values, or those at the pointer, and its figures as a table. The drawing carries its
 * newest, lowest and highest values as text, for those who do not see it.
 */
import { useId, useMemo, useState } from "preact/hooks"
import type { ChartShape } from "./chartOptions.ts"
import { describe, newest, type Series, TABLE_ROWS, tableRows } from "./chartText.ts"
import { clock, compact, count, NOTHING } from "./format.ts"
import { Plot } from "./Plot.tsx"

export interface ChartProps extends ChartShape {
  readonly title: string
  readonly xs: ReadonlyArray<number>
  readonly series: ReadonlyArray<Series>
  /** A value with its unit. */
  readonly text: (value: number) => string
  /** What x is, for the head of the table. */
  readonly xTitle?: string
  /** Of x, from and to; absent: that of the data. */
  readonly range?: readonly [number, number] | undefined
  readonly height?: number
  /** What is said as long as there is no value. */
  readonly empty?: string
  /** What the figures are, and where they come from. */
  readonly note?: string
}

const shown = (value: number | null | undefined, text: (value: number) => string): string =>
  value === null || value === undefined ? NOTHING : text(value)

const Legend = ({ series, text, at }: Pick<ChartProps, "series" | "text"> & { at: number | null }) => (
  <ul class="legend">
    {series.map(({ label, values, tone, kind }) => (
      <li key={label}>
        <span class={`swatch tone-${tone} ${kind ?? "line"}`} />
        {label} <b>{shown(at === null ? newest(values) : values[at], text)}</b>
      </li>
    ))}
  </ul>
)

const Figures = ({
  xs,
  series,
  text,
  xText,
  xTitle = "Time",
  title
}: ChartProps & { xText: (x: number) => string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
  <section class="figures" aria-label={`${title}: figures`} tabIndex={0}>
    {xs.length > TABLE_ROWS && (
      <p class="hint">
        {TABLE_ROWS} of {count(xs.length)}, evenly picked.
      </p>
    )}
    <table>
      <thead>
        <tr>
          <th scope="col">{xTitle}</th>
          {series.map(({ label }) => (
            <th scope="col" class="number" key={label}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {tableRows(xs.length).map((row) => (
          <tr key={row}>
            <th scope="row">{xText(xs[row]!)}</th>
            {series.map(({ label, values }) => (
              <td class="number" key={label}>
                {shown(values[row], text)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
)

export const Chart = (props: ChartProps) => {
  const { title, xs, series, text, range, height = 170, empty = "No figures yet.", note, ...shape } = props
  const [at, setAt] = useState<number | null>(null)
  const [isTable, setTable] = useState(false)
  const id = useId()
  const xText = shape.xText ?? (shape.x === "time" ? clock : compact)
  const described = useMemo(() => describe(series, text), [series, text])
  const hasValues = series.some(({ values }) => newest(values) !== null)
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        {at === null ? <span class="note">{note}</span> : <span class="note">{xText(xs[at] ?? 0)}</span>}
        <button type="button" class="quiet" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
          Table<span class="hidden"> of {title}</span>
        </button>
      </figcaption>
      <Legend series={series} text={text} at={at} />
      {hasValues || xs.length > 0 ? (
        <Plot
          shape={shape}
          xs={xs}
          series={series}
          range={range}
          height={height}
          label={`${title}. ${described}`}
          hover={setAt}
        />
      ) : (
        <p class="empty">{empty}</p>
      )}
      {isTable && <Figures {...props} xText={xText} />}
    </figure>
  )
}
