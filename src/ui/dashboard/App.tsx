import { useCell } from "../parts/useCell.ts"
import { LogInPage } from "./session/LogInPage.tsx"
import { session } from "./session/session.ts"
import { Shell } from "./shell/Shell.tsx"

const Waiting = ({ problem }: { readonly problem?: string | undefined }) => (
  <main class="log-in">
    <h1>Clarion</h1>
    <p role="status">{problem === undefined ? "Loading…" : `${problem} Trying again…`}</p>
  </main>
)

export const App = () => {
  const state = useCell(session)
  if (state.kind === "unknown") return <Waiting problem={state.problem} />
  return state.kind === "in" ? <Shell session={state.session} /> : <LogInPage {...state} />
}
