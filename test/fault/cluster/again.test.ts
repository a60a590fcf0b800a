/** A history that a trial left behind, checked again: `CLARION_TEST_HISTORY=<file> npx vitest run test/fault/cluster/again.test.ts`. */
import { expect, it } from "vitest"
import { check, report } from "../../support/jepsen/check.ts"
import { readHistory } from "../../support/jepsen/History.ts"

const file = process.env.CLARION_TEST_HISTORY

it.skipIf(file === undefined)(`the history in ${file ?? "CLARION_TEST_HISTORY"} has no anomalies`, () => {
  const history = readHistory(file!)
  expect(report(history, check(history))).toMatch(/^no anomalies\n/)
})
