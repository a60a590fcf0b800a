import { useEffect, useState } from "preact/hooks"
import type { Pane, PaneName } from "./Pane.ts"

interface Props {
  readonly panes: ReadonlyArray<Pane>
  readonly titles: Readonly<Record<PaneName, string>>
}

const WORDS = {
  off: undefined,
  connecting: undefined,
  on: "connected",
  away: "connection lost",
  refused: "ended"
} as const

/** Says to screen readers what becomes of the connections; messages are read where one looks for them. */
export const Announcer = ({ panes, titles }: Props) => {
  const [text, setText] = useState("")
  useEffect(() => {
    const undo = panes.map((pane) => {
      let told = pane.state
      return pane.changes.watch(() => {
        if (pane.state === told) return
        told = pane.state
        const word = WORDS[told]
        if (word !== undefined) setText(`${titles[pane.name]}: ${word}`)
      })
    })
    return () => {
      for (const end of undo) end()
    }
  }, [])
  return (
    <p class="hidden" role="status">
      {text}
    </p>
  )
}
