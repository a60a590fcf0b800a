/**
 * What happened to the connection: lost, back, and that the server is another one since. Said once each, not with every attempt. And what
 * went wrong with the session.
 */
import { clock } from "../../parts/format.ts"
import { useCell } from "../../parts/useCell.ts"
import { backAt, link, restartedAt } from "../push/link.ts"
import { sessionProblem } from "../session/session.ts"

const Dismiss = ({ onClick }: { readonly onClick: () => void }) => (
  <button type="button" class="quiet" onClick={onClick}>
    Dismiss
  </button>
)

export const Notices = () => {
  const now = useCell(link)
  const restarted = useCell(restartedAt)
  const back = useCell(backAt)
  const problem = useCell(sessionProblem)
  return (
    <div class="notices" role="status">
      {problem !== undefined && (
        <p class="notice lost">
          {problem} <Dismiss onClick={() => sessionProblem.set(undefined)} />
        </p>
      )}
      {now.kind === "lost" && (
        <p class="notice lost">
          The connection to the server was lost at {clock(now.since)}. Trying to reconnect; what you see is
          from before.
        </p>
      )}
      {now.kind === "up" && restarted !== undefined && (
        <p class="notice">
          The server was restarted; this page is connected again since {clock(restarted)}. Its counters began
          anew. <Dismiss onClick={() => restartedAt.set(undefined)} />
        </p>
      )}
      {now.kind === "up" && restarted === undefined && back !== undefined && (
        <p class="notice back">Connected again at {clock(back)}.</p>
      )}
    </div>
  )
}
