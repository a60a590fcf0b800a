/** The dashboard: who is logged in sees what the server does; everybody else the log-in page. */
import { render } from "preact"
import "../theme.css"
import "../parts/controls.css"
import "../parts/table.css"
import "../parts/chart.css"
import "../parts/tiles.css"
import "./shell/shell.css"
import "./views.css"
import { App } from "./App.tsx"
import { keepLinked } from "./push/link.ts"
import { keyOf } from "./routes.ts"
import { begin } from "./session/begin.ts"

/**
 * A start-up link is used once: its key is neither to stay in the address bar nor in the history.
 * @param view that was open, as the part of its address behind "#"
 */
const takeKey = (view = ""): string | undefined => {
  const key = keyOf(location.hash)
  if (key !== undefined) history.replaceState(null, "", `${location.pathname}${view || "#/overview"}`)
  return key
}

// Also where the link is pasted over the address of a page that is open.
addEventListener("hashchange", ({ oldURL }) => {
  const key = takeKey(new URL(oldURL).hash)
  if (key !== undefined) void begin(key)
})

keepLinked()
void begin(takeKey())
render(<App />, document.getElementById("app")!)
