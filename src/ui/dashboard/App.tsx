import { useCell } from "../parts/useCell.ts"
import { LogInPage } from "./session/LogInPage.tsx"
import { session } from "./session/session.ts"
import { Shell } from "./shell/Shell.tsx"

const Waiting = ({ isUnreachable }: { readonly isUnreachable: boolean }) => (
  <main class="log-in">
    <h1>Clarion</h1>
    <p role="status">{isUnreachable ? "The server does not answer. Trying again…" : "Loading…"}</p>
  </main>
)

export const App = () => {
  const state = useCell(session)
  if (state.kind === "unknown") return <Waiting isUnreachable={state.isUnreachable} />
  return state.kind === "in" ? <Shell session={state.session} /> : <LogInPage {...state} />
}
