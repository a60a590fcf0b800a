/** Scenario c: recovery reads. */
import type { Figure } from "../support/scenario.ts"
import type { Pace } from "./programs/history.ts"
import type { Case, Context } from "./scenario.ts"
import { type Kind, newStore, runProgram } from "./servers.ts"

interface Paces {
  readonly first: Pace
  readonly again: Pace
}

const read = (context: Context, store: string, kind: Kind, mode: "fill" | "again") =>
  runProgram<Paces>(context, "recoveries", [store, kind, context.scale.streams, mode])

const figuresOf = ({ first, again }: Paces): ReadonlyArray<Figure> => [
  { label: "the first of each stream: **reads per second**", digits: 0, value: first.perSecond },
  { label: "the first of each stream: CPU per read, µs", digits: 2, value: first.cpuUs },
  { label: "later: **reads per second**", digits: 0, value: again.perSecond },
  { label: "later: CPU per read, µs", digits: 2, value: again.cpuUs }
]

const recoveryCase = (title: string, measure: (context: Context) => Promise<Paces>): Case => ({
  title,
  measure: async (context) => ({ figures: figuresOf(await measure(context)), problems: [], othersBusy: [] })
})

export const recoveryCases: ReadonlyArray<Case> = [
  recoveryCase("memory", (context) => read(context, newStore(context), "memory", "fill")),
  recoveryCase("durable, in use", (context) => read(context, newStore(context), "durable", "fill")),
  recoveryCase("durable, after a restart", async (context) => {
    const store = newStore(context)
    await read(context, store, "durable", "fill")
    return read(context, store, "durable", "again")
  })
]
