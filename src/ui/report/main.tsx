import { render } from "preact"
import "../theme.css"

render(<h1>Report</h1>, document.getElementById("app")!)
