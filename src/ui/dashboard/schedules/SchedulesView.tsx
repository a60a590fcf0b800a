/** Schedules: those that are due next and those that are paused, live; those that are over as one asks for them. */
import { useState } from "preact/hooks"
import { count, plural } from "../../parts/format.ts"
import { TextField } from "../../parts/TextField.tsx"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { hashOf } from "../routes.ts"
import { CreatePage } from "./CreatePage.tsx"
import { Said } from "./Said.tsx"
import { SchedulePage } from "./SchedulePage.tsx"
import { ScheduleTable } from "./ScheduleTable.tsx"
import { StateList } from "./StateList.tsx"
import { type Schedule, states } from "./schedule.ts"
import type { Done } from "./scheduleActions.ts"

const LIVE = "live"

const Live = ({ onDone }: { readonly onDone: (done: Done) => void }) => {
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

/** Those that are in no list that is shown can be opened, too. */
const Open = () => {
  const [id, setId] = useState("")
  const open = (event: Event) => {
    event.preventDefault()
    if (id.trim() !== "") location.hash = hashOf("schedules", id.trim())
  }
  return (
    <form class="toolbar" onSubmit={open}>
      <TextField id="schedule-id" label="By its id" text={id} onText={setId} />
      <button type="submit">Open</button>
    </form>
  )
}

const List = () => {
  const [state, setState] = useState<string>(LIVE)
  const [done, setDone] = useState<Done>()
  return (
    <div class="stack">
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
        <Open />
      </div>
      <Said done={done} />
      {state === LIVE ? (
        <Live onDone={setDone} />
      ) : (
        <StateList key={state} state={state} done={done} onDone={setDone} />
      )}
    </div>
  )
}

export const SchedulesView = ({ item, isNew }: { item: string | undefined; isNew: boolean }) => {
  if (item !== undefined) return <SchedulePage key={item} id={item} />
  return isNew ? <CreatePage /> : <List />
}
