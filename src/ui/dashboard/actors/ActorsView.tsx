/** The actors, live: supervisors, workers and shards as a tree of which one opens what one wants to see. */
import { useMemo, useRef, useState } from "preact/hooks"
import type { ActorState, Actors } from "../../../protocol/dashboard.ts"
import { count, plural } from "../../parts/format.ts"
import { useCell } from "../../parts/useCell.ts"
import { NARROW, useMedia } from "../../parts/useMedia.ts"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { ActorRow } from "./ActorRow.tsx"
import { isOpen, openActors, setOpen } from "./openActors.ts"
import { attention, CRASH_SHOWN_MS, needsAttention, parentsOf, reuse, rowsOf, totals } from "./tree.ts"

const titles = ["Actor", "State", "Mailbox", "Connections", "Restarts", "Crashed last because of"]
const numbers = new Set(["Mailbox", "Connections", "Restarts"])

/** The newest tree, in which what has not changed is the object that it was. */
const useActors = (): Actors | undefined => {
  const heard = useTopic("actors")
  const tree = useRef<ReadonlyArray<ActorState>>([])
  return useMemo(() => {
    if (heard === undefined) return undefined
    tree.current = reuse(tree.current, heard.actors)
    return { ...heard, actors: tree.current }
  }, [heard])
}

interface TreeProps extends Pick<Actors, "at" | "actors"> {
  readonly isAll: boolean
}

const Tree = ({ at, actors, isAll }: TreeProps) => {
  const open = useCell(openActors)
  const isNarrow = useMedia(NARROW)
  const rows = useMemo(() => rowsOf(actors, isAll ? isOpen(open) : () => true), [actors, isAll, open])
  return (
    <table class={isNarrow ? "cards flow actors" : "actors"} role="table" aria-label="Actors">
      <thead role="rowgroup">
        <tr role="row">
          {titles.map((title) => (
            <th scope="col" role="columnheader" key={title} class={numbers.has(title) ? "number" : undefined}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <ActorRow
            key={row.actor.address}
            {...row}
            needsAttention={needsAttention(row.actor, at)}
            isFixed={!isAll}
          />
        ))}
      </tbody>
    </table>
  )
}

export const ActorsView = () => {
  const known = useActors()
  const [isAll, setAll] = useState(true)
  if (known === undefined)
    return (
      <>
        <TopicProblem topic="actors" />
        <p class="empty">Waiting for the actors…</p>
      </>
    )
  const { at, actors, omitted } = known
  const sum = totals(actors, at)
  const shown = isAll ? actors : attention(actors, at)
  return (
    <>
      <TopicProblem topic="actors" />
      <div class="toolbar">
        <p>
          {plural(sum.actors, "actor")}, {plural(sum.restarts, "restart")}, {plural(sum.waiting, "message")}{" "}
          waiting in mailboxes
          {omitted > 0 && `; ${count(omitted)} more actors are not shown: /api/actors has all`}
        </p>
        <label class="choice">
          <input type="checkbox" checked={!isAll} onChange={() => setAll(!isAll)} />
          Only what needs attention ({count(sum.attention)})
        </label>
        <div class="buttons">
          <button type="button" disabled={!isAll} onClick={() => setOpen(parentsOf(actors), true)}>
            Open all
          </button>
          <button type="button" disabled={!isAll} onClick={() => setOpen(parentsOf(actors), false)}>
            Close all
          </button>
        </div>
      </div>
      <section class="panel" aria-label="Tree">
        {shown.length === 0 ? (
          <p class="empty">
            No actor needs attention: none crashed in the last {CRASH_SHOWN_MS / 60_000} minutes, and all are
            at work.
          </p>
        ) : (
          <Tree at={at} actors={shown} isAll={isAll} />
        )}
      </section>
    </>
  )
}
