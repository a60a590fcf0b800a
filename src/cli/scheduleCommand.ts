/** `schedule list|get|add|update|pause|resume|run|cancel|runs|preview`: schedules of a running server. */

import * as Console from "effect/Console"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ask, type Question } from "./ask.ts"
import { findPlace } from "./place.ts"
import { showRun, showRuns, showSchedules, showState, showTimes, showWhole } from "./show.ts"
import { bodyOf, whatFlags, whenFlags } from "./specFlags.ts"

const text = (name: string, metavar: string, about: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(about), Flag.optional)

const schedule = Command.make("schedule").pipe(
  Command.withDescription(
    "Schedules of a running server: what it publishes, and when. A server that was started with flags needs --url and --api-key."
  ),
  Command.withSharedFlags({
    url: text("url", "URL", "the server; without it, where the configuration says that it is"),
    apiKey: text("api-key", "KEY", "without it, auth.apiKey of the configuration, else what the store has"),
    config: text("config", "FILE", "the server's configuration; its environment counts, too"),
    json: Flag.Boolean("json").pipe(Flag.withDescription("print the answer as JSON"), Flag.withDefault(false))
  })
)

/** Asks, and prints the answer. */
const tell = Effect.fnUntraced(function* (question: Question, show: (value: never) => string) {
  const flags = yield* schedule
  const { text, value } = yield* ask(yield* findPlace(flags), question)
  yield* Console.log(flags.json ? text : show(value as never))
})

const SCHEDULES = "/api/schedules"
const pathOf = (id: string, rest = ""): string => `${SCHEDULES}/${encodeURIComponent(id)}${rest}`

const queryOf = (given: Readonly<Record<string, Option.Option<string | number>>>): string => {
  const query = new URLSearchParams(
    Object.entries(given).flatMap(([name, value]) =>
      Option.isNone(value) ? [] : [[name, String(value.value)] as [string, string]]
    )
  ).toString()
  return query === "" ? "" : `?${query}`
}

const id = Argument.String("id").pipe(Argument.withDescription("of the schedule"))

const page = {
  limit: Flag.Int("limit").pipe(Flag.withDescription("entries at most"), Flag.optional),
  cursor: text("cursor", "CURSOR", "where to go on: what the page before said")
}

const states = ["scheduled", "sending", "paused", "completed", "failed", "cancelled"] as const

const list = Command.make(
  "list",
  {
    state: Flag.Literals("state", states).pipe(
      Flag.withDescription("only those in this state"),
      Flag.optional
    ),
    channel: text("channel", "NAME", "only those that publish into this channel"),
    ...page
  },
  (filter) => tell({ method: "GET", path: SCHEDULES + queryOf(filter) }, showSchedules)
).pipe(Command.withDescription("Lists schedules"))

const get = Command.make("get", { id }, ({ id }) =>
  tell({ method: "GET", path: pathOf(id) }, showWhole)
).pipe(Command.withDescription("Shows a schedule, with its next due times"))

const add = Command.make(
  "add",
  {
    id: text("id", "ID", "creating the same again under the same id changes nothing; a UUID without it"),
    ...whenFlags,
    ...whatFlags
  },
  (given) =>
    Effect.flatMap(bodyOf(given), (body) => tell({ method: "POST", path: SCHEDULES, body }, showState))
).pipe(
  Command.withDescription(
    "Creates a schedule: one of --at, --delay, --every and --cron, a --channel, a payload"
  ),
  Command.withExamples([
    {
      command: `schedule add --cron "0 9 * * 1-5" --time-zone Asia/Tokyo --channel news --data '{"text":"good morning"}'`
    }
  ])
)

/** Takes away what ends a schedule, where no other end is given. */
const endless = ({
  end,
  maxRuns
}: { readonly [_ in "end" | "maxRuns"]: Option.Option<string | number> }) => ({
  ...(Option.isNone(end) ? { end: null } : {}),
  ...(Option.isNone(maxRuns) ? { maxRuns: null } : {})
})

const update = Command.make(
  "update",
  {
    id,
    ...whenFlags,
    ...whatFlags,
    isEndless: Flag.Boolean("endless").pipe(
      Flag.withDescription("no --end and no --max-runs any more, but for one that is given"),
      Flag.withDefault(false)
    ),
    revision: Flag.Int("revision").pipe(
      Flag.withDescription("refused unless the schedule has this revision"),
      Flag.optional
    )
  },
  ({ id, isEndless, ...given }) => {
    const change = isEndless ? { ...given, ...endless(given) } : given
    return Effect.flatMap(bodyOf(change), (body) =>
      tell({ method: "PATCH", path: pathOf(id), body }, showState)
    )
  }
).pipe(Command.withDescription("Changes a schedule; what is not given stays"))

const pause = Command.make("pause", { id }, ({ id }) =>
  tell({ method: "POST", path: pathOf(id, "/pause") }, showState)
).pipe(Command.withDescription("Pauses a schedule"))

const resume = Command.make("resume", { id }, ({ id }) =>
  tell({ method: "POST", path: pathOf(id, "/resume") }, showState)
).pipe(Command.withDescription("Goes on with a schedule; what passed meanwhile is not caught up"))

const run = Command.make("run", { id }, ({ id }) =>
  tell({ method: "POST", path: pathOf(id, "/run") }, showRun)
).pipe(Command.withDescription("Runs a schedule once more, now"))

const cancel = Command.make("cancel", { id }, ({ id }) =>
  tell({ method: "DELETE", path: pathOf(id) }, showState)
).pipe(Command.withDescription("Cancels a schedule"))

const runs = Command.make("runs", { id, ...page }, ({ id, ...filter }) =>
  tell({ method: "GET", path: pathOf(id, "/runs") + queryOf(filter) }, showRuns)
).pipe(Command.withDescription("Shows the runs of a schedule, and who got them"))

const preview = Command.make(
  "preview",
  { ...whenFlags, count: Flag.Int("count").pipe(Flag.withDescription("due times at most"), Flag.optional) },
  (given) =>
    Effect.flatMap(bodyOf(given), (body) =>
      tell({ method: "POST", path: `${SCHEDULES}/preview`, body }, showTimes)
    )
).pipe(Command.withDescription("Shows when such a schedule would be due; nothing is created"))

export const scheduleCommand = Command.withSubcommands(schedule, [
  list,
  get,
  add,
  update,
  pause,
  resume,
  run,
  cancel,
  runs,
  preview
])
