import { useEffect, useState } from "preact/hooks"
import { useCell } from "../parts/useCell.ts"
import { isVisible } from "./push/visibility.ts"

/** The time, each second while somebody can see it. */
export const useNow = (): number => {
  const isSeen = useCell(isVisible)
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    if (!isSeen) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [isSeen])
  return now
}
