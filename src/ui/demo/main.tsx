/** The demo page: one channel, three ways to hear it, and buttons that cut them. */
import { render } from "preact"
import "../theme.css"
import "../parts/controls.css"
import "./demo.css"
import { App } from "./App.tsx"
import { Pane } from "./Pane.ts"
import { Sender } from "./Sender.ts"
import { EventsWay } from "./ways/EventsWay.ts"
import { RawWay } from "./ways/RawWay.ts"
import { SdkWay } from "./ways/SdkWay.ts"

const raw = new Pane("raw", (cable, listener) => new RawWay(cable, listener))
const sdk = new Pane("sdk", (cable, listener) => new SdkWay(cable, listener))
const events = new Pane("events", (cable, listener) => new EventsWay(cable, listener))

render(<App raw={raw} sdk={sdk} events={events} sender={new Sender()} />, document.getElementById("app")!)
for (const pane of [raw, sdk, events]) pane.connect()
