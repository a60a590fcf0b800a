import { useEffect, useState } from "preact/hooks"
import type { Cell } from "./cell.ts"

/** The value of a cell; what uses it is drawn anew when it changes. */
export const useCell = <A>(source: Cell<A>): A => {
  const [, setSeen] = useState(source.get())
  useEffect(() => {
    // It may have changed between drawing and this moment.
    setSeen(() => source.get())
    return source.watch((value) => setSeen(() => value))
  }, [source])
  return source.get()
}
