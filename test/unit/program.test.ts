import { expect, it } from "vitest"
import { atSecondSignal } from "../../src/program.ts"

it("a second Ctrl-C ends a program, but not the one that its launcher passes on", () => {
  let [now, ends] = [1_000, 0]
  const onSignal = atSecondSignal(
    () => now,
    () => ends++
  )
  onSignal()
  now = 1_099
  onSignal()
  expect(ends).toBe(0)
  now = 1_100
  onSignal()
  expect(ends).toBe(1)
})
