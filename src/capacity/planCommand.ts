/** `npm run plan`: reads its options, plans, and prints. */
import * as Result from "effect/Result"
import type { ConfigInvalid } from "../config/resolve.ts"
import { readOptions } from "./options.ts"
import { type PlanInput, planKeys } from "./PlanInput.ts"
import { type DoesNotFit, growth, plan } from "./plan.ts"
import { showFigures } from "./showFigures.ts"
import { showPlan } from "./showPlan.ts"

type Given = Pick<PlanInput, "channels"> & {
  readonly connections: number | undefined
  readonly figures: boolean
}

const SIZES = [1e6, 1e7, 1e8]

const options = {
  name: "plan",
  about: "How many machines a load needs: computed from what one node, and NATS, were measured to cost.",
  keys: planKeys,
  rules: [
    ({ connections, figures }: Given) =>
      connections === undefined && !figures
        ? [{ where: "connections", message: "must be given: --connections 1000000" }]
        : [],
    ({ connections, channels }: Given) =>
      channels.subscribers > (connections ?? Number.POSITIVE_INFINITY)
        ? [{ where: "channels.subscribers", message: "expected no more than connections" }]
        : []
  ]
}

/** What is printed, or why nothing can be. */
export const planText = (args: ReadonlyArray<string>): Result.Result<string, ConfigInvalid | DoesNotFit> =>
  Result.flatMap(readOptions(options, args), (wish): Result.Result<string, DoesNotFit> => {
    if ("print" in wish) return Result.succeed(wish.print)
    const { json, figures, connections, ...rest } = wish.options
    if (figures) return Result.succeed(showFigures(json))
    const input = { ...rest, connections: connections ?? 0 }
    return Result.map(plan(input), (made) => {
      if (json) return JSON.stringify(made, undefined, 2)
      const sizes = [...new Set([...SIZES, input.connections])].sort((a, b) => a - b)
      return showPlan(input, made, growth(input, sizes))
    })
  })
