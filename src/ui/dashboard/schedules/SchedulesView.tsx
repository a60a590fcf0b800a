/** Schedules: those that are due next and those that are paused, live; those that are over as one asks for them. */
import { useState } from "preact/hooks"
import { Button } from "../../parts/Button.tsx"
import { clock, count, plural } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { hashOf } from "../routes.ts"
import { ask } from "../session/ask.ts"
import { useLoaded } from "../useLoaded.ts"
import { Said } from "./Actions.tsx"
import { CreatePage } from "./CreatePage.tsx"
import { SchedulePage } from "./SchedulePage.tsx"
import { ScheduleTable } from "./ScheduleTable.tsx"
import { type Schedule, states } from "./schedule.ts"
import type { Done } from "./scheduleActions.ts"

const LIVE = "live"
/** Of a state that is asked for. */
const SHOWN = 100

interface ListProps {
  readonly onDone: (done: Done) => void
}

const Live = ({ onDone }: ListProps) => {
  const heard = useTopic("schedules")
  if (heard === undefined) return <p class="empty">Waiting for the schedules…</p>
  const shown = heard.shown as ReadonlyArray<Schedule>
  return (
    <>
      <p>
        {plural(heard.total, "schedule")} kept
        {heard.total > shown.length && `; ${count(shown.length)} shown: those due next, and those paused`}.
      </p>
      <section class="panel" aria-label="Schedules">
        <ScheduleTable schedules={shown} empty="No schedule waits for its time." onDone={onDone} />
      </section>
    </>
  )
}

type Page = { readonly schedules: ReadonlyArray<Schedule>; readonly cursor?: string }

const load = async (state: string): Promise<Page | { readonly problem: string }> => {
  const answer = await ask("GET", `/api/schedules?state=${state}&limit=${SHOWN}`)
  return answer.isOk ? (JSON.parse(answer.text) as Page) : { problem: answer.problem }
}

const OfState = ({ state, onDone }: ListProps & { readonly state: string }) => {
  const { value, at, isBusy, reload } = useLoaded(state, () => load(state))
  if (value === undefined) return <p class="empty">Loading…</p>
  if ("problem" in value) return <Problem text={value.problem} />
  const { schedules, cursor } = value
  return (
    <>
      <p>
        {plural(schedules.length, "schedule")} {state}
        {cursor !== undefined && ", and more"}, at {clock(at!)}.{" "}
        <Button kind="quiet" isBusy={isBusy} onClick={reload}>
          Refresh
        </Button>
      </p>
      <section class="panel" aria-label="Schedules">
        <ScheduleTable schedules={schedules} empty={`No schedule is ${state}.`} onDone={onDone} />
      </section>
    </>
  )
}

const List = () => {
  const [state, setState] = useState<string>(LIVE)
  const [done, setDone] = useState<Done>()
  return (
    <>
      <TopicProblem topic="schedules" />
      <div class="toolbar">
        <div class="field">
          <label for="schedule-state">Show</label>
          <select id="schedule-state" value={state} onChange={(event) => setState(event.currentTarget.value)}>
            <option value={LIVE}>due next and paused, live</option>
            {states.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </div>
        <a class="button" href={hashOf("schedules", undefined, { create: "1" })}>
          New schedule
        </a>
      </div>
      <Said done={done} />
      {state === LIVE ? <Live onDone={setDone} /> : <OfState state={state} onDone={setDone} />}
    </>
  )
}

export const SchedulesView = ({ item, isNew }: { item: string | undefined; isNew: boolean }) => {
  if (item !== undefined) return <SchedulePage key={item} id={item} />
  return isNew ? <CreatePage /> : <List />
}
