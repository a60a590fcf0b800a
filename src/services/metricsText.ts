/**
 * Samples as Prometheus' text format 0.0.4, written in turns: a server with a thousand shards and many workers has thousands of them, and
 * its event loop has other work.
 */
import * as Effect from "effect/Effect"
import type { Sample } from "./Metrics.ts"

/** Samples of one turn of the event loop: 0.2 ms. */
const TURN = 250

/** All samples of one name. */
interface Family {
  readonly type: Sample["type"]
  readonly help: string
  /** By name and labels, as they are written. */
  readonly values: Map<string, number>
}

const escapeHelp = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")

const SPECIAL = /["\\\n]/
const escapeLabel = (text: string): string =>
  SPECIAL.test(text) ? escapeHelp(text).replace(/"/g, '\\"') : text

const seriesOf = ({ name, labels = {} }: Sample): string => {
  let written = ""
  for (const label in labels)
    written += `${written === "" ? "" : ","}${label}="${escapeLabel(labels[label]!)}"`
  return written === "" ? name : `${name}{${written}}`
}

const valueText = (value: number): string => {
  if (value === Number.POSITIVE_INFINITY) return "+Inf"
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value)
}

/** What is told more than once, as by several workers, is added up. */
const add = (families: Map<string, Family>, sample: Sample): void => {
  const { type, name, help, value } = sample
  let family = families.get(name)
  if (family === undefined) {
    family = { type, help, values: new Map() }
    families.set(name, family)
  }
  const series = seriesOf(sample)
  family.values.set(series, (family.values.get(series) ?? 0) + value)
}

/** One family for each name, in the order in which names first come. */
export const metricsText = Effect.fnUntraced(function* (samples: ReadonlyArray<Sample>) {
  const families = new Map<string, Family>()
  for (let at = 0; at < samples.length; at += TURN) {
    const end = Math.min(at + TURN, samples.length)
    for (let one = at; one < end; one++) add(families, samples[one]!)
    yield* Effect.yieldNow
  }
  let text = ""
  let written = 0
  for (const [name, { type, help, values }] of families) {
    text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
    for (const [series, value] of values) {
      text += `${series} ${valueText(value)}\n`
      if (++written % TURN === 0) yield* Effect.yieldNow
    }
  }
  return text
})
