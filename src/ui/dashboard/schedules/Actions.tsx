/** The buttons of a schedule. What became of one is said by the view (Said.tsx), as the row may go. */
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import { Button } from "../../parts/Button.tsx"
import { Confirm } from "../../parts/Confirm.tsx"
import { focusSaid } from "./Said.tsx"
import { isOver, nameOf, type Schedule } from "./schedule.ts"
import { cancel, type Done, pause, resume, runNow } from "./scheduleActions.ts"

export interface ActionsProps {
  readonly schedule: Schedule
  readonly onDone: (done: Done) => void
}

interface CancelProps extends ActionsProps {
  readonly onClose: () => void
}

const Cancel = ({ schedule, onDone, onClose }: CancelProps) => {
  const { id, about } = schedule
  const confirmed = async () => {
    const done = await cancel(schedule)
    if ("problem" in done) return done.problem
    onDone(done)
    return undefined
  }
  return (
    <Confirm
      title="Cancel this schedule?"
      action="Cancel the schedule"
      onConfirm={confirmed}
      onClose={onClose}
    >
      <p>
        {about && `${about}: `}
        <code>{id}</code> will not run any more, and cannot be taken up again. Its runs and receipts stay as
        long as receipts are kept.
      </p>
    </Confirm>
  )
}

/** Whoever is on one of the buttons when they go, as after the only run of a schedule, is then where it stands what became of it. */
const useFocusAfter = () => {
  const buttons = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const shown = buttons.current!
    return () => {
      if (shown.contains(document.activeElement)) focusSaid()
    }
  }, [])
  return buttons
}

const Buttons = ({ schedule, onDone }: ActionsProps) => {
  const { state } = schedule
  const buttons = useFocusAfter()
  const [isBusy, setBusy] = useState(false)
  const [isAsking, setAsking] = useState(false)
  const act = (action: (schedule: Schedule) => Promise<Done>) => async () => {
    setBusy(true)
    const done = await action(schedule)
    setBusy(false)
    onDone(done)
  }
  const what = <span class="hidden"> {nameOf(schedule)}</span>
  const isPaused = state === "paused"
  return (
    <div class="buttons" ref={buttons}>
      <Button isBusy={isBusy} onClick={act(isPaused ? resume : pause)}>
        {isPaused ? "Resume" : "Pause"}
        {what}
      </Button>
      <Button isBusy={isBusy} onClick={act(runNow)}>
        Run now{what}
      </Button>
      <Button kind="danger" isBusy={isBusy} onClick={() => setAsking(true)}>
        Cancel{what}
      </Button>
      {isAsking && <Cancel schedule={schedule} onDone={onDone} onClose={() => setAsking(false)} />}
    </div>
  )
}

export const Actions = ({ schedule, onDone }: ActionsProps) =>
  isOver(schedule) ? null : <Buttons schedule={schedule} onDone={onDone} />
