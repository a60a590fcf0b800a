/** Asks before something that cannot be taken back; says what went wrong, and stays, where it did not work. */
import type { ComponentChildren } from "preact"
import { useState } from "preact/hooks"
import { Button } from "./Button.tsx"
import { Dialog } from "./Dialog.tsx"
import { Problem } from "./Problem.tsx"

export interface ConfirmProps {
  readonly title: string
  readonly children: ComponentChildren
  /** What the button says: the deed, not "OK". */
  readonly action: string
  /** Answers what went wrong, undefined where it worked. */
  readonly onConfirm: () => Promise<string | undefined>
  readonly onClose: () => void
}

export const Confirm = ({ title, children, action, onConfirm, onClose }: ConfirmProps) => {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const confirm = async () => {
    setBusy(true)
    const wrong = await onConfirm()
    setBusy(false)
    setProblem(wrong)
    if (wrong === undefined) onClose()
  }
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <Problem text={problem} />
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Keep it
        </button>
        <Button kind="danger" isBusy={isBusy} onClick={confirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  )
}
