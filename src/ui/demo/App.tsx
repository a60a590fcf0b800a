import { useState } from "preact/hooks"
import { SchemeSwitch } from "../parts/SchemeSwitch.tsx"
import { Announcer } from "./Announcer.tsx"
import type { Pane } from "./Pane.ts"
import { LONG_MS, PaneView } from "./PaneView.tsx"
import type { Sender } from "./Sender.ts"
import { SendForm } from "./SendForm.tsx"
import type { RawWay } from "./ways/RawWay.ts"

interface Props {
  readonly raw: Pane<RawWay>
  readonly sdk: Pane
  readonly events: Pane
  readonly sender: Sender
}

const TITLES = { raw: "Raw WebSocket", sdk: "SDK", events: "EventSource" } as const

const Since = ({ way }: { readonly way: RawWay }) => {
  const [hasSince, setHasSince] = useState(way.hasSince)
  return (
    <label class="since">
      <input
        type="checkbox"
        checked={hasSince}
        onChange={({ currentTarget }) => {
          way.hasSince = currentTarget.checked
          setHasSince(currentTarget.checked)
        }}
      />
      Come back with <code>since=</code>
    </label>
  )
}

export const App = ({ raw, sdk, events, sender }: Props) => {
  const cutAll = () => {
    for (const pane of [raw, sdk, events]) pane.cut(LONG_MS)
  }
  return (
    <>
      <header class="top">
        <h1>Clarion demo</h1>
        <p>
          One channel, <code>demo:chat</code>, heard in three ways. Send something, cut a connection, and see
          what each way makes of it.
        </p>
        <SchemeSwitch />
      </header>
      <main>
        <SendForm sender={sender} cutAll={cutAll} />
        <div class="panes">
          <PaneView
            pane={raw}
            title={TITLES.raw}
            address="/?channels=demo:chat"
            about="The data alone, no offsets. Coming back is the page's own work. Without since= it misses what was published meanwhile; with it, everything from a time on comes again, and the page drops what it has, by numbers in the messages themselves."
          >
            <Since way={raw.way} />
          </PaneView>
          <PaneView
            pane={sdk}
            title={TITLES.sdk}
            address="/connection/websocket"
            about="The centrifuge library. It comes back by itself, says which offset it had, and gets what it missed, or is told that it cannot."
          />
          <PaneView
            pane={events}
            title={TITLES.events}
            address="/events?channels=demo:chat"
            about="Built into the browser, one way only. Every event has an id with the offset; the browser sends the last one when it comes back, and gets what it missed."
          />
        </div>
        <p class="small">
          “Recovered” in the panes without an SDK is what was sent before the connection stood, by the clocks
          of both ends. “Missed” counts gaps in the offsets; of the raw WebSocket gaps in the numbers that
          each sender gives its messages. A page cannot pull a cable: “cut” closes the socket, keeps new ones
          from opening, and tells the client nothing but that an error happened.
        </p>
      </main>
      <Announcer panes={[raw, sdk, events]} titles={TITLES} />
    </>
  )
}
