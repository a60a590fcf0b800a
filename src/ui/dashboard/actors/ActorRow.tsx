/** One actor. It is drawn anew when it has changed, and at no other time: there may be a thousand beside it. */
import { useMemo } from "preact/hooks"
import type { ActorState } from "../../../protocol/dashboard.ts"
import { count } from "../../parts/format.ts"
import { setOpen } from "./openActors.ts"
import { needsAttention, type Row } from "./tree.ts"

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

const drawn = ({ actor, level, isOpen }: Row, isFixed: boolean) => {
  const { name, state, mailbox, connections, restarts, cause, children } = actor
  return (
    <tr role="row" class={needsAttention(actor) ? "attention" : undefined}>
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
        <span class={state === "serving" ? "" : needsAttention(actor) ? "bad" : ""}>{state}</span>
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

/** @param isFixed it cannot be closed: all of what it is in is shown */
export const ActorRow = ({ actor, level, isOpen, isFixed }: Row & { readonly isFixed: boolean }) =>
  useMemo(() => drawn({ actor, level, isOpen }, isFixed), [actor, level, isOpen, isFixed])
