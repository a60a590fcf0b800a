/** Scenario a: appends by an embedding program. */
import type { Figure } from "../support/scenario.ts"
import type { Pace } from "./programs/history.ts"
import type { Case } from "./scenario.ts"
import { type Kind, newStore, runProgram } from "./servers.ts"

const figuresOf = (label: string, { perSecond, cpuUs }: Pace): ReadonlyArray<Figure> => [
  { label: `${label}: **appends per second**`, digits: 0, value: perSecond },
  { label: `${label}: CPU per append, µs`, digits: 2, value: cpuUs }
]

const appendCase = (title: string, kind: Kind): Case => ({
  title,
  measure: async (context) => {
    const { one, hundred, thousand } = await runProgram<
      Readonly<Record<"one" | "hundred" | "thousand", Pace>>
    >(context, "appends", [newStore(context), kind, context.scale.appends])
    return {
      figures: [
        ...figuresOf("one after the other", one),
        ...figuresOf("100 at once", hundred),
        ...figuresOf("1,000 at once", thousand)
      ],
      problems: [],
      othersBusy: []
    }
  }
})

export const appendCases: ReadonlyArray<Case> = [
  appendCase("memory", "memory"),
  appendCase("durable", "durable")
]
