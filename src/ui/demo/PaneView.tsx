import type { ComponentChildren } from "preact"
import { count } from "../parts/format.ts"
import { LineView } from "./LineView.tsx"
import type { Pane } from "./Pane.ts"
import { useChanges } from "./useChanges.ts"
import type { WayState } from "./ways/Way.ts"

const STATES: Readonly<Record<WayState, string>> = {
  off: "Disconnected",
  connecting: "Connecting…",
  on: "Connected",
  away: "Connection lost, coming back…",
  refused: "Ended"
}

/** For how long a plain cut lasts: gone before anybody could do something about it. */
const SHORT_MS = 0
export const LONG_MS = 5000

interface Props {
  readonly pane: Pane
  readonly title: string
  readonly address: string
  /** What this way can do and what it cannot. */
  readonly about: string
  readonly children?: ComponentChildren
}

interface ButtonProps {
  readonly label: string
  readonly title: string
  readonly disabled?: boolean
  readonly onClick: () => void
}

/** All panes have the same: its name says of which it is. */
const PaneButton = ({ label, title, ...props }: ButtonProps) => (
  <button type="button" aria-label={`${label}: ${title}`} {...props}>
    {label}
  </button>
)

const Counts = ({ pane, name }: { readonly pane: Pane; readonly name: string }) => {
  const { received, recovered, missed, repeated } = pane.ledger.counts
  const { mayMissMore } = pane.ledger
  const figures = {
    Received: count(received),
    Recovered: count(recovered),
    Missed: mayMissMore ? `≥ ${count(missed)}` : count(missed),
    Repeated: count(repeated)
  }
  return (
    <dl class="counts" aria-label={`${name}: counts`}>
      {Object.entries(figures).map(([label, value]) => (
        <div key={label} class={label === "Missed" && (missed > 0 || mayMissMore) ? "bad" : undefined}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

export const PaneView = ({ pane, title, address, about, children }: Props) => {
  useChanges(pane.changes)
  const { state, why, name } = pane
  const isOff = state === "off" || state === "refused"
  return (
    <section class="pane" aria-labelledby={`${name}-title`} data-pane={name} data-state={state}>
      <header>
        <h2 id={`${name}-title`}>{title}</h2>
        <p class={`state ${state}`}>
          {STATES[state]}
          {why === undefined || state !== "refused" ? null : `: ${why}`}
        </p>
      </header>
      <p class="address">
        <code>{address}</code>
      </p>
      <div class="about">
        <p>{about}</p>
        {children}
      </div>
      <div class="buttons">
        <PaneButton
          label={isOff ? "Connect" : "Disconnect"}
          title={title}
          onClick={isOff ? pane.connect : pane.disconnect}
        />
        <PaneButton label="Cut" title={title} disabled={isOff} onClick={() => pane.cut(SHORT_MS)} />
        <PaneButton label="Cut for 5 s" title={title} disabled={isOff} onClick={() => pane.cut(LONG_MS)} />
        <PaneButton label="Clear" title={title} onClick={pane.clear} />
      </div>
      <Counts pane={pane} name={title} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard, too */}
      <ol class="lines" tabIndex={0} aria-label={`${title}: messages, newest first`}>
        {pane.ledger.lines.map((line) => (
          <LineView key={line.key} line={line} />
        ))}
      </ol>
    </section>
  )
}
