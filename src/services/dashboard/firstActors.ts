/** Trees of actors that are too large to be told every two seconds. */
import type { ActorNode } from "../ActorTree.ts"

/** Some 600 KB of JSON: clients are cut off that have a megabyte waiting. */
export const MAX_ACTORS = 4000

const countOf = (actors: ReadonlyArray<ActorNode>): number =>
  actors.reduce((sum, { children }) => sum + 1 + countOf(children), 0)

/** The first `max` actors, parents before their children, and how many are left out. */
export const firstActors = (
  actors: ReadonlyArray<ActorNode>,
  max = MAX_ACTORS
): { readonly actors: ReadonlyArray<ActorNode>; readonly omitted: number } => {
  const count = countOf(actors)
  if (count <= max) return { actors, omitted: 0 }
  let left = max
  const first: Array<ActorNode> = []
  const families = [{ from: actors, to: first }]
  for (const { from, to } of families)
    for (const actor of from.slice(0, left)) {
      const children: Array<ActorNode> = []
      to.push({ ...actor, children })
      families.push({ from: actor.children, to: children })
      left--
    }
  return { actors: first, omitted: count - max }
}
