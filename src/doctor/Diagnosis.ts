/** What the doctor says: the whole as text for `--doctor`, the short form for a line of the log. */
import type { Check } from "./Check.ts"

export interface Diagnosis {
  readonly text: string
  readonly isShort: boolean
}

const HEAD = ["check", "required", "found", "verdict"]

const table = (checks: ReadonlyArray<Check>): ReadonlyArray<string> => {
  const rows = [
    HEAD,
    ...checks.map(({ name, required, found, remark, verdict }) => [
      name,
      required,
      `${found}${remark}`,
      verdict
    ])
  ]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("   ")
      .trimEnd()
  return [line(HEAD), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)]
}

/** Comments and commands, so that the lines can be pasted into a shell; alternatives begin with "or". */
const remedies = ({ name, why, verdict, mend }: Check): ReadonlyArray<string> => [
  `# ${name}${verdict === "short" ? "" : ", which may be short"}: ${why}`,
  ...mend.flatMap(({ when, command }, at) => {
    const isRepeated = at > 0 && mend[at - 1]!.when === when
    return isRepeated ? [command] : [`# ${when}:`, command]
  }),
  ""
]

const toLast = (checks: ReadonlyArray<Check>): ReadonlyArray<string> => {
  const lines = checks.flatMap(({ mend }) => mend.flatMap(({ lasting }) => lasting ?? []))
  if (lines.length === 0) return []
  const path = "/etc/sysctl.d/90-clarion.conf"
  return [
    "# The sysctl values are lost at the next restart of the machine. To keep them, as root:",
    ...lines.map((line, at) => `echo '${line}' ${at === 0 ? ">" : ">>"} ${path}`),
    ""
  ]
}

const conclusion = (checks: ReadonlyArray<Check>): string => {
  const number = (wanted: Check["verdict"]) => checks.filter(({ verdict }) => verdict === wanted).length
  const [short, unknown] = [number("short"), number("unknown")]
  const doubt = unknown === 0 ? "" : `; ${unknown} not known`
  return short === 0 ? `Nothing is short${doubt}.` : `${short} of ${checks.length} short${doubt}.`
}

/**
 * @param headline what was checked
 * @param notes lines to add that are no shortage
 */
export const diagnose = (
  headline: string,
  checks: ReadonlyArray<Check>,
  notes: ReadonlyArray<string>
): Diagnosis => {
  const concerned = checks.filter(({ verdict, mend }) => verdict === "short" || mend.length > 0)
  const noted = notes.length === 0 ? [] : [`# ${notes[0]}`, ...notes.slice(1), ""]
  const lines = [
    headline,
    "",
    ...table(checks),
    "",
    ...concerned.flatMap(remedies),
    ...toLast(concerned.filter(({ verdict }) => verdict === "short")),
    ...noted,
    conclusion(checks),
    "docs/tuning.md tells what each is for, and what else matters."
  ]
  return { text: lines.join("\n"), isShort: checks.some(({ verdict }) => verdict === "short") }
}

/** One line about all that is short; undefined where nothing is. */
export const shortForm = (program: string, checks: ReadonlyArray<Check>): string | undefined => {
  const short = checks.filter(({ verdict }) => verdict === "short")
  if (short.length === 0) return undefined
  const parts = short.map(({ name, found, required }) => `${name} (${found} of ${required})`)
  return `this machine is short of: ${parts.join(", ")}; node dist/${program}.js --doctor tells the commands`
}
