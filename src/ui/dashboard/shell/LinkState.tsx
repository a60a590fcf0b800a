/** Whether what is shown is live. */
import { useCell } from "../../parts/useCell.ts"
import { link } from "../push/link.ts"

const words = { connecting: "Connecting", up: "Live", lost: "Reconnecting" } as const

export const LinkState = () => {
  const { kind } = useCell(link)
  return (
    <span class={`link-state ${kind}`}>
      <span class="hidden">Connection: </span>
      {words[kind]}
    </span>
  )
}
