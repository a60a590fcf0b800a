/** What became of the last action, said once. It stays in sight, however far down the button was. */
import { useEffect } from "preact/hooks"
import type { Done } from "./scheduleActions.ts"

const ID = "said"

/** For those whose button has gone, with what they did or by itself: where nothing is said, the view has the focus. */
export const focusSaid = (): void => {
  const said = document.getElementById(ID)
  const target = said?.textContent ? said : document.getElementById("main")
  target?.focus()
}

/** Where the focus is when what had it is gone: nowhere, or on the view, if `focusSaid` came before there was something to say. */
const isAstray = (): boolean =>
  [document.body, document.getElementById("main")].includes(document.activeElement as HTMLElement)

const classOf = (done: Done | undefined): string => {
  if (done === undefined) return "problem none"
  return "problem" in done ? "problem said" : "notice said"
}

export const Said = ({ done }: { readonly done: Done | undefined }) => {
  useEffect(() => {
    if (done !== undefined && (("said" in done && done.isLast) || isAstray())) focusSaid()
  }, [done])
  return (
    <p id={ID} role="status" tabIndex={-1} class={classOf(done)}>
      {done && ("problem" in done ? done.problem : done.said)}
    </p>
  )
}
