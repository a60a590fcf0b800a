/** What is wrong with a server that goes on all the same. */
import * as Context from "effect/Context"

/** In words, for people; empty: all is well. */
export const Health = Context.Reference<() => ReadonlyArray<string>>("clarion/services/Health", {
  defaultValue: () => () => []
})
