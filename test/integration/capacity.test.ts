import { expect, it } from "vitest"
import { start } from "../support/client/Program.ts"

/** What a program says and its exit code. */
const ask = async (...args: ReadonlyArray<string>) => {
  const program = start(args)
  const { code } = await program.ended
  return { code, output: program.output, errors: program.errors }
}

it("node dist/plan.js prints a plan", async () => {
  const { code, output, errors } = await ask("dist/plan.js", "--connections", "1000000")
  expect([code, errors]).toEqual([0, ""])
  expect(output).toMatch(/^1,000,000 connections[\s\S]*Nodes: 5, 1 of them spare/)
})

it("node dist/simulate.js simulates, and ends", async () => {
  const { code, output, errors } = await ask(
    "dist/simulate.js",
    "--nodes",
    "10",
    "--node.connections",
    "20000"
  )
  expect([code, errors]).toEqual([0, ""])
  expect(output).toContain("A broadcast, from its publication on:")
})

it.each([
  ["dist/plan.js", "connections: must be given"],
  ["dist/plan.js --connections 10 --rate 1000000", "no plan: core of the primary: "],
  ["dist/simulate.js --seed -1", "seed: expected a whole number between 0 and 4294967295"]
])("node %s says what is wrong, and exits with 78", async (command, problem) => {
  const { code, output, errors } = await ask(...command.split(" "))
  expect([code, output]).toEqual([78, ""])
  expect(errors).toContain(problem)
})
