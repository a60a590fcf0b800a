import { useEffect, useReducer } from "preact/hooks"
import type { Changes } from "./Changes.ts"

/** Draws the component again when something changed. */
export const useChanges = (changes: Changes): void => {
  const [, draw] = useReducer((count: number, _: undefined) => count + 1, 0)
  useEffect(() => changes.watch(() => draw(undefined)), [changes])
}
