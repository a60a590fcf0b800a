/** The charts of a report, or of two that are compared: what the page has as JSON, drawn. */
import { options, render } from "preact"
import { Chart } from "../parts/Chart.tsx"
import { compact, milliseconds, perSecond } from "../parts/format.ts"
import { isDark } from "../parts/scheme.ts"
import {
  active,
  broadcasts,
  distribution,
  latency,
  messages,
  type NamedReport,
  percentileText,
  setup
} from "./runs.ts"
import "../theme.css"
import "../parts/controls.css"
import "../parts/chart.css"
import "./report.css"

const two = (value: number): string => String(value).padStart(2, "0")

/** Seconds since the start as m:ss, or h:mm:ss. */
const sinceStart = (seconds: number): string => {
  const whole = Math.floor(seconds)
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

const common = { empty: "Nothing was measured." } as const
const overTime = { ...common, xText: sinceStart, xTitle: "Since start", sync: "time" } as const

const Charts = ({ runs }: { readonly runs: ReadonlyArray<NamedReport> }) => (
  <>
    <Chart title="Set-up" {...overTime} {...setup(runs)} text={perSecond} note="a second" />
    <Chart title="Active connections" {...overTime} {...active(runs)} text={compact} />
    <Chart title="Messages" {...overTime} {...messages(runs)} text={perSecond} note="a second" />
    <Chart
      title="Latency"
      {...overTime}
      {...latency(runs)}
      y="log"
      text={milliseconds}
      axisText={milliseconds}
      note="of each interval"
    />
    <Chart
      title="Latency by percentile"
      {...common}
      x="log"
      xText={percentileText}
      xTitle="Percentile"
      {...distribution(runs)}
      text={milliseconds}
      axisText={milliseconds}
      note="HDR histogram of all"
    />
    <Chart
      title="Broadcasts"
      {...overTime}
      {...broadcasts(runs)}
      text={milliseconds}
      axisText={milliseconds}
      note="from the stamp"
    />
  </>
)

/** What Preact does later, it does at once while this runs. */
const atOnce = (run: () => void): void => {
  const before = { ...options }
  options.debounceRendering = (render) => render()
  options.requestAnimationFrame = (effects) => effects()
  run()
  for (const name of ["debounceRendering", "requestAnimationFrame"] as const) {
    delete options[name]
    if (name in before) Object.assign(options, { [name]: before[name] })
  }
}

/** Paper is light, and does not wait for the next frame. */
const printLight = (): void => {
  const wasDark = isDark.get()
  document.documentElement.dataset.scheme = "light"
  atOnce(() => isDark.set(false))
  const afterwards = () => {
    delete document.documentElement.dataset.scheme
    isDark.set(wasDark)
  }
  addEventListener("afterprint", afterwards, { once: true })
}

const place = document.getElementById("plots")!
place.replaceChildren()
render(<Charts runs={JSON.parse(document.getElementById("runs")!.textContent)} />, place)
addEventListener("beforeprint", printLight)
