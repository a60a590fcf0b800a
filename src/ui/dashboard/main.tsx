import { render } from "preact"
import "../theme.css"

render(<h1>Clarion</h1>, document.getElementById("app")!)
