/** What became of the last action, said once. It stays in sight, however far down the button was. */
import { useEffect } from "preact/hooks"
import type { Done } from "./scheduleActions.ts"

const ID = "said"

/** For those whose button has gone with what they did. */
export const focusSaid = (): void => document.getElementById(ID)?.focus()

const classOf = (done: Done | undefined): string => {
  if (done === undefined) return "problem none"
  return "problem" in done ? "problem said" : "notice said"
}

export const Said = ({ done }: { readonly done: Done | undefined }) => {
  useEffect(() => {
    if (done !== undefined && "said" in done && done.isLast) focusSaid()
  }, [done])
  return (
    <p id={ID} role="status" tabIndex={-1} class={classOf(done)}>
      {done && ("problem" in done ? done.problem : done.said)}
    </p>
  )
}
