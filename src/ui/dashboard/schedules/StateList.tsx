/** Schedules of one state, as they were when they were asked for: again after each action of the reader, and more of them by cursor. */
import { useEffect, useRef, useState } from "preact/hooks"
import { Button } from "../../parts/Button.tsx"
import { clock, plural } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { ask } from "../session/ask.ts"
import { useLoaded } from "../useLoaded.ts"
import { focusSaid } from "./Said.tsx"
import { ScheduleTable } from "./ScheduleTable.tsx"
import type { Done } from "./scheduleActions.ts"
import { loadSchedules, type Page } from "./schedulePages.ts"

export interface StateListProps {
  readonly state: string
  /** What the reader did last: the list is asked for again. */
  readonly done: Done | undefined
  readonly onDone: (done: Done) => void
}

/** What came by "More schedules" after the list that came at this time. */
interface More extends Page {
  readonly after: number
}

export const StateList = ({ state, done, onDone }: StateListProps) => {
  const length = useRef(0)
  const { value, at, isBusy, reload } = useLoaded(state, () => loadSchedules(ask, state, length.current))
  const [more, setMore] = useState<More>()
  const [isLoading, setLoading] = useState(false)
  const [problem, setProblem] = useState<string>()
  const isFirst = useRef(true)
  useEffect(() => {
    if (!isFirst.current) reload()
    isFirst.current = false
  }, [done])
  // The row whose button was pressed may be gone with its state.
  useEffect(() => {
    if (done !== undefined && document.activeElement === document.body) focusSaid()
  }, [at])
  if (value === undefined || at === undefined) return <p class="empty">Loading…</p>
  if ("problem" in value) return <Problem text={value.problem} />
  const later = more?.after === at ? more : undefined
  const schedules = [...value.schedules, ...(later?.schedules ?? [])]
  const cursor = later === undefined ? value.cursor : later.cursor
  length.current = schedules.length
  const loadMore = async () => {
    setLoading(true)
    const next = await loadSchedules(ask, state, 0, cursor)
    setLoading(false)
    setProblem("problem" in next ? next.problem : undefined)
    if ("problem" in next) return
    const known = new Set(schedules.map(({ id }) => id))
    const others = next.schedules.filter(({ id }) => !known.has(id))
    setMore({ ...next, schedules: [...(later?.schedules ?? []), ...others], after: at })
  }
  return (
    <>
      <p>
        {plural(schedules.length, "schedule")} {state}
        {cursor !== undefined && ", and more"}, at {clock(at)}.{" "}
        <Button kind="quiet" isBusy={isBusy} onClick={reload}>
          Refresh
        </Button>
      </p>
      <section class="panel" aria-label="Schedules">
        <ScheduleTable schedules={schedules} empty={`No schedule is ${state}.`} onDone={onDone} />
      </section>
      <Problem text={problem} />
      {cursor !== undefined && (
        <div class="buttons">
          <Button isBusy={isLoading || isBusy} onClick={loadMore}>
            More schedules
          </Button>
        </div>
      )}
    </>
  )
}
