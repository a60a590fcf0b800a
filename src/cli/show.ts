/** What the API answered, for people: tables and short sentences. Nothing of it can steer the terminal. */

/** Text from others stands on one line, without control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const plain = (value: unknown): string => String(value ?? "").replace(/[\x00-\x1f\x7f-\x9f]+/g, " ")

/** Longer cells are cut. */
const MAX_CELL = 60

const cell = (value: unknown): string => {
  const text = plain(value)
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text
}

/** Columns as wide as what is in them, with names above. */
const table = (names: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<unknown>>): string => {
  const lines = [names, ...rows.map((row) => row.map(cell))]
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column]!))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

// What the API answers: its schemas are in services/api/schedules/results.ts.
// biome-ignore lint/suspicious/noExplicitAny: JSON of those schemas
type Json = any

const whenOf = ({ at, every, cron, timeZone }: Json): string => {
  if (at !== undefined) return `at ${at}`
  return every === undefined ? `${cron} ${timeZone}` : `every ${every} ms`
}

const channelsOf = ({ channels, channelCount }: Json): string =>
  channels.length < channelCount
    ? `${channels.join(" ")} and ${channelCount - channels.length} more`
    : channels.join(" ")

const withMore = (text: string, cursor: string | undefined): string =>
  cursor === undefined ? text : `${text}\nthere are more: --cursor ${plain(cursor)}`

export const showSchedules = ({ schedules, cursor }: Json): string => {
  if (schedules.length === 0) return "no schedules"
  const rows = schedules.map((one: Json) => [
    one.id,
    one.state,
    one.due,
    one.runs,
    whenOf(one),
    channelsOf(one),
    one.about
  ])
  return withMore(table(["id", "state", "due", "runs", "when", "channels", "about"], rows), cursor)
}

export const showRuns = ({ runs, cursor }: Json): string => {
  if (runs.length === 0) return "no runs"
  const rows = runs.map(({ receipt, ...run }: Json) => [
    run.number,
    run.due,
    run.outcome,
    run.startedAt,
    receipt?.eligible,
    receipt?.written,
    receipt?.dropped,
    receipt?.closed,
    run.detail
  ])
  const names = ["run", "due", "outcome", "started", "eligible", "written", "dropped", "closed", "detail"]
  return withMore(table(names, rows), cursor)
}

/** Every member on a line of its own. */
export const showWhole = (value: Json): string => {
  const names = Object.keys(value)
  const width = Math.max(...names.map((name) => name.length))
  const shown = (inner: unknown): string => plain(typeof inner === "string" ? inner : JSON.stringify(inner))
  return names.map((name) => `${name.padEnd(width)}  ${shown(value[name])}`).join("\n")
}

/** "s1 is paused, revision 3" */
export const showState = ({ id, state, revision, due }: Json): string =>
  `${plain(id)} is ${plain(state)}, revision ${revision}${due === undefined ? "" : `, due ${plain(due)}`}`

export const showRun = ({ schedule, number, outcome, detail }: Json): string =>
  `run ${number} of ${plain(schedule)}: ${plain(outcome)}${detail === undefined ? "" : `, ${plain(detail)}`}`

export const showTimes = ({ next }: Json): string =>
  next.length === 0 ? "never" : next.map(plain).join("\n")
