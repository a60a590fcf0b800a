import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { planText } from "../../../src/capacity/planCommand.ts"
import { simulationText } from "../../../src/capacity/simulation/simulateCommand.ts"

const page = readFileSync(new URL("../../../docs/capacity.md", import.meta.url), "utf8")
const shown = [...page.matchAll(/^```\n\$ npm run (plan|simulate) -- (.*)\n([\s\S]*?)\n```$/gm)].map(
  ([, program, args, text]) => ({ program, args: args!, text })
)

it("docs/capacity.md shows plans, figures and a simulation", () => {
  expect(shown.map(({ program }) => program)).toEqual(["plan", "plan", "simulate"])
})

it.each(shown)(
  "docs/capacity.md shows what npm run $program -- $args prints",
  async ({ program, args, text }) => {
    const words = args.split(" ")
    const print = program === "plan" ? Effect.fromResult(planText(words)) : simulationText(words)
    // To renew it: put what the command prints below its line.
    expect(text).toBe(await Effect.runPromise(print))
  }
)
