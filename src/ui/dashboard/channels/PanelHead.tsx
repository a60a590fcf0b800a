import { Button } from "../../parts/Button.tsx"
import { clock } from "../../parts/format.ts"
import type { Loaded } from "../useLoaded.ts"

/** The title of what was asked for, when that was, and a button to ask again. */
export const PanelHead = ({
  title,
  loaded
}: {
  readonly title: string
  readonly loaded: Loaded<unknown>
}) => (
  <div class="head">
    <h2>{title}</h2>
    <span class="hint">
      {loaded.at !== undefined && `at ${clock(loaded.at)} `}
      <Button kind="quiet" isBusy={loaded.isBusy} onClick={loaded.reload}>
        Refresh<span class="hidden"> {title}</span>
      </Button>
    </span>
  </div>
)
