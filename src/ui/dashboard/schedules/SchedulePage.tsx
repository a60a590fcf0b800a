/** One schedule: what it publishes, when it is due, and what became of its runs. It is asked for again when the server says that it changed. */
import { useEffect, useState } from "preact/hooks"
import { members } from "../../../protocol/rawJson.ts"
import { count, duration, moment, NOTHING, relative } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { channelsText } from "../receipts/receipt.ts"
import { ask } from "../session/ask.ts"
import { useLoaded } from "../useLoaded.ts"
import { useNow } from "../useNow.ts"
import { Actions } from "./Actions.tsx"
import { RunsPanel } from "./RunsPanel.tsx"
import { Said } from "./Said.tsx"
import { runsText, type Schedule, toneOf, triggerText, versionOf, type WithNext } from "./schedule.ts"
import { type Done, pathOf } from "./scheduleActions.ts"

interface Shown {
  readonly schedule: WithNext
  /** As it was given: what is published, or the template of it. */
  readonly payload: string
  readonly payloadName: "Data" | "Template" | "Data in base64"
}

const shownOf = (text: string): Shown => {
  const parts = members(text)!
  const schedule = JSON.parse(text) as WithNext
  const template = parts.get("template")
  if (template !== undefined) return { schedule, payload: template, payloadName: "Template" }
  const data = parts.get("data")
  return data === undefined
    ? { schedule, payload: JSON.parse(parts.get("b64data") ?? '""') as string, payloadName: "Data in base64" }
    : { schedule, payload: data, payloadName: "Data" }
}

const load = async (id: string): Promise<Shown | { readonly problem: string }> => {
  const answer = await ask("GET", pathOf(id))
  return answer.isOk ? shownOf(answer.text) : { problem: answer.problem }
}

const Next = ({ next }: Pick<WithNext, "next">) => {
  const now = useNow()
  if (next.length === 0) return <>{NOTHING}</>
  return (
    <ul class="plain">
      {next.map((due) => (
        <li key={due}>
          {moment(Date.parse(due))} <span class="hint">{relative(Date.parse(due), now)}</span>
        </li>
      ))}
    </ul>
  )
}

const nextTitle = (state: Schedule["state"]): string => (state === "paused" ? "Next, if it goes on" : "Next")

const catchUps = {
  skip: "none of those missed",
  once: "the newest of those missed",
  all: "all of those missed"
} as const

const Facts = ({ shown: { schedule, payload, payloadName } }: { readonly shown: Shown }) => {
  const { state, failure, jitter, minConnections, catchUp, channels, channelCount, next } = schedule
  return (
    <dl class="facts">
      <dt>State</dt>
      <dd class={toneOf(state)}>
        {state}
        {failure !== undefined && `: ${failure}`}
      </dd>
      <dt>When</dt>
      <dd>{triggerText(schedule)}</dd>
      <dt>{nextTitle(state)}</dt>
      <dd>
        <Next next={next} />
      </dd>
      <dt>Runs</dt>
      <dd>{runsText(schedule)}</dd>
      <dt>To</dt>
      <dd>{channelsText(channels, channelCount)}</dd>
      <dt>{payloadName}</dt>
      <dd>
        <pre class="raw">{payload}</pre>
      </dd>
      <dt>Catches up</dt>
      <dd>{catchUps[catchUp]}</dd>
      {jitter > 0 && <dt>Jitter</dt>}
      {jitter > 0 && <dd>up to {duration(jitter)}</dd>}
      {minConnections > 0 && <dt>Needs</dt>}
      {minConnections > 0 && <dd>{count(minConnections)} connections</dd>}
      <dt>Changed</dt>
      <dd>{moment(Date.parse(schedule.updatedAt))}</dd>
    </dl>
  )
}

export const SchedulePage = ({ id }: { readonly id: string }) => {
  const heard = useTopic("schedules")
  const pushed = (heard?.shown as ReadonlyArray<Schedule> | undefined)?.find((one) => one.id === id)
  const version = pushed === undefined ? "" : versionOf(pushed)
  const { value, reload } = useLoaded(id, () => load(id))
  const [done, setDone] = useState<Done>()
  useEffect(reload, [version, done])
  return (
    <>
      {value === undefined && <p class="empty">Loading…</p>}
      {value !== undefined && "problem" in value && <Problem text={value.problem} />}
      {value !== undefined && "schedule" in value && (
        <div class="stack">
          {value.schedule.about !== "" && <p>{value.schedule.about}</p>}
          <Actions schedule={value.schedule} onDone={setDone} />
          <Said done={done} />
          <section class="panel" aria-label="Schedule">
            <div class="body">
              <Facts shown={value} />
            </div>
          </section>
          <RunsPanel id={id} version={versionOf(value.schedule)} />
        </div>
      )}
    </>
  )
}
