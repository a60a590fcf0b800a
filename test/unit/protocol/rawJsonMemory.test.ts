/** What is read out of a text does not keep the text in memory. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, it } from "vitest"
import { JsonCursor } from "../../../src/protocol/jsonCursor.ts"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

const MiB = 1_048_576

const heapUsed = (): number => {
  collect()
  return process.memoryUsage().heapUsed
}

/** One text of a MiB that begins with this string, as a frame or a body would be read from bytes. */
const readFromLongText = (string: string) =>
  new JsonCursor(String(Buffer.from(`"${string}" ${"x".repeat(MiB)}`))).readString()

it.each([12, 13, 200])("a string of %i characters does not keep the text that it was read from", (length) => {
  const before = heapUsed()
  const kept = Array.from({ length: 64 }, (_, i) => readFromLongText(String(i).padEnd(length, "-")))
  expect(heapUsed() - before).toBeLessThan(8 * MiB)
  expect(kept.map((string) => string?.length)).toEqual(kept.map(() => length))
})
