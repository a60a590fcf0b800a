/** The buttons of a schedule. What became of one is said by the view, as the row may go. */
import { useState } from "preact/hooks"
import { Button } from "../../parts/Button.tsx"
import { Confirm } from "../../parts/Confirm.tsx"
import { isOver, type Schedule } from "./schedule.ts"
import { cancel, type Done, pause, resume, runNow } from "./scheduleActions.ts"

export interface ActionsProps {
  readonly schedule: Schedule
  readonly onDone: (done: Done) => void
}

const Cancel = ({
  id,
  onDone,
  onClose
}: {
  id: string
  onDone: ActionsProps["onDone"]
  onClose: () => void
}) => {
  const confirmed = async () => {
    const done = await cancel(id)
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
        <code>{id}</code> will not run any more, and cannot be taken up again. Its runs and receipts stay as
        long as receipts are kept.
      </p>
    </Confirm>
  )
}

export const Actions = ({ schedule, onDone }: ActionsProps) => {
  const { id, state } = schedule
  const [isBusy, setBusy] = useState(false)
  const [isAsking, setAsking] = useState(false)
  if (isOver(schedule)) return null
  const act = (action: (id: string) => Promise<Done>) => async () => {
    setBusy(true)
    const done = await action(id)
    setBusy(false)
    onDone(done)
  }
  const what = <span class="hidden"> {id}</span>
  const isPaused = state === "paused"
  return (
    <div class="buttons">
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
      {isAsking && <Cancel id={id} onDone={onDone} onClose={() => setAsking(false)} />}
    </div>
  )
}

/** What became of the last action, said once. */
export const Said = ({ done }: { readonly done: Done | undefined }) => (
  <p role="status" class={done === undefined ? "problem none" : "problem" in done ? "problem" : "notice"}>
    {done && ("problem" in done ? done.problem : done.said)}
  </p>
)
