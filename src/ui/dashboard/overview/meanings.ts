/** What close codes mean, in the words of the protocol's own table, and those that clients send. */
import { CloseReasons } from "../../../protocol/closeCodes.ts"

const ours = Object.values(CloseReasons).map(({ code, reason }): [string, string] => [String(code), reason])

const meanings: ReadonlyMap<string, string> = new Map([
  ["1000", "normal end"],
  ["1001", "the client went away"],
  ["1005", "no code given"],
  ["1006", "cut: no close frame"],
  ...ours
])

export const meaningOf = (code: string): string => meanings.get(code) ?? ""
