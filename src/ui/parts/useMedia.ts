import { useEffect, useState } from "preact/hooks"

/** Whether a media query holds now: "(max-width: 44rem)". */
export const useMedia = (query: string): boolean => {
  const [holds, setHolds] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const look = () => setHolds(list.matches)
    look()
    list.addEventListener("change", look)
    return () => list.removeEventListener("change", look)
  }, [query])
  return holds
}

/** Whether there is little room, as on a phone: tables are lists of cards there. */
export const NARROW = "(max-width: 44rem)"
/** The same for tables of many columns. */
export const NARROW_FOR_MANY = "(max-width: 60rem)"
