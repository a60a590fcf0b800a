/** One actor. It is drawn anew when it has changed, and at no other time: there may be a thousand beside it. */
import { useMemo } from "preact/hooks"
import type { ActorState } from "../../../protocol/dashboard.ts"
import { count } from "../../parts/format.ts"
import { setOpen } from "./openActors.ts"
import type { Row } from "./tree.ts"

const Toggle = ({ actor, isOpen }: { readonly actor: ActorState; readonly isOpen: boolean }) => {
  const turn = (wanted: boolean) => setOpen([actor.address], wanted)
  const keys = ({ key }: KeyboardEvent) => {
    if (key === "ArrowRight") turn(true)
    if (key === "ArrowLeft") turn(false)
  }
  return (
    <button
      type="button"
      class="toggle"
      aria-expanded={isOpen}
      onClick={() => turn(!isOpen)}
      onKeyDown={keys}
    >
      {actor.name} <span class="hint">{count(actor.children.length)}</span>
    </button>
  )
}

const shown = (value: number | undefined) => (value === undefined ? "" : count(value))

export interface ActorRowProps extends Row {
  readonly needsAttention: boolean
  /** It cannot be closed: all of what it is in is shown. */
  readonly isFixed: boolean
}

const drawn = ({ actor, level, isOpen, needsAttention, isFixed }: ActorRowProps) => {
  const { name, state, mailbox, connections, restarts, cause, children } = actor
  return (
    <tr role="row" class={needsAttention ? "attention" : undefined}>
      <th scope="row" role="rowheader" class="head" title={actor.address}>
        <span class="indent" style={{ "--level": level }}>
          <span class="hidden">Level {level}: </span>
          {children.length > 0 && !isFixed ? (
            <Toggle actor={actor} isOpen={isOpen} />
          ) : (
            <span class="leaf">{name}</span>
          )}
        </span>
      </th>
      <td role="cell" data-title="State">
        <span class={state === "serving" ? "" : needsAttention ? "bad" : ""}>{state}</span>
      </td>
      <td role="cell" class="number" data-title="Mailbox">
        {shown(mailbox)}
      </td>
      <td role="cell" class="number" data-title="Connections">
        {shown(connections)}
      </td>
      <td role="cell" class="number" data-title="Restarts">
        {shown(restarts)}
      </td>
      <td role="cell" class="cause" data-title="Crashed last because of">
        {cause}
      </td>
    </tr>
  )
}

export const ActorRow = ({ actor, level, isOpen, needsAttention, isFixed }: ActorRowProps) =>
  useMemo(
    () => drawn({ actor, level, isOpen, needsAttention, isFixed }),
    [actor, level, isOpen, needsAttention, isFixed]
  )
