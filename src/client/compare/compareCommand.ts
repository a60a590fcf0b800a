/**
 * `node dist/client.js --compare a.json b.json [--report.html FILE]`: two reports side by side, on the terminal and as a page. No run, no
 * configuration: it has a command line of its own.
 */
import { basename } from "node:path"
import { parseArgs } from "node:util"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { type PageParts, pageText, readPageParts } from "../report/html/page.ts"
import { realPath, tryToWrite, writeWhole } from "../report/wholeFile.ts"
import { ReportLost } from "../runErrors.ts"
import { comparePage } from "./comparePage.ts"
import { compareReports } from "./comparison.ts"
import { comparisonText, type RunNames } from "./comparisonText.ts"
import { readReport } from "./readReport.ts"

const USAGE = "usage: client --compare A.json B.json [--report.html FILE]"

/** A command line that asks for no comparison; exit code 78, as for all of what is configured. */
export class CompareUsage extends Data.TaggedError("CompareUsage")<{ readonly detail: string }> {
  override readonly [Runtime.errorExitCode] = 78

  override get message(): string {
    return `${this.detail}\n${USAGE}`
  }
}

/** Files that are no reports, or cannot be read; exit code 66 of sysexits.h. */
export class NotComparable extends Data.TaggedError("NotComparable")<{
  readonly problems: ReadonlyArray<string>
}> {
  override readonly [Runtime.errorExitCode] = 66

  override get message(): string {
    return this.problems.join("\n")
  }
}

interface Order {
  readonly a: string
  readonly b: string
  readonly html: string | undefined
}

/** Whether the command line is one of this command. */
export const asksToCompare = (args: ReadonlyArray<string>): boolean =>
  args.some((word) => word === "--compare" || word.startsWith("--compare="))

const orderOf = (args: ReadonlyArray<string>): Order | CompareUsage => {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { compare: { type: "boolean" }, "report.html": { type: "string" } },
      allowPositionals: true
    })
    const [a, b, ...more] = positionals
    const html = values["report.html"]
    if (html !== undefined && positionals.some((input) => realPath(input) === realPath(html)))
      return new CompareUsage({ detail: `--report.html ${html} is a report that is to be compared` })
    if (a !== undefined && b !== undefined && more.length === 0) return { a, b, html }
    return new CompareUsage({ detail: `expected two files to compare, found ${positionals.length}` })
  } catch (cause) {
    return new CompareUsage({ detail: (cause as Error).message })
  }
}

/** File names, or the whole paths where those are the same. */
const namesOf = ({ a, b }: Order): RunNames =>
  basename(a) === basename(b) ? { a, b } : { a: basename(a), b: basename(b) }

/** What the page is made of; that it cannot be written is told before anything is printed. */
const pagePartsFor = (path: string): PageParts | ReportLost => {
  const lost = tryToWrite(path)
  if (lost !== undefined) return new ReportLost({ losses: [lost] })
  const parts = readPageParts()
  return "kind" in parts ? new ReportLost({ losses: [{ path, message: parts.message }] }) : parts
}

/** @param print to standard output */
export const compareCommand = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  print: (text: string) => void
) {
  const order = orderOf(args)
  if (order instanceof CompareUsage) return yield* order
  const [a, b] = yield* Effect.promise(() => Promise.all([readReport(order.a), readReport(order.b)]))
  if ("kind" in a || "kind" in b) {
    const problems = [a, b].flatMap((one) => ("kind" in one ? [`${one.path} ${one.message}`] : []))
    return yield* new NotComparable({ problems })
  }
  const path = order.html
  const parts = path === undefined ? undefined : pagePartsFor(path)
  if (parts instanceof ReportLost) return yield* parts
  const names = namesOf(order)
  print(`${comparisonText(compareReports(a, b), names)}\n`)
  if (path === undefined || parts === undefined) return
  const page = comparePage({ name: names.a, report: a }, { name: names.b, report: b })
  const lost = yield* Effect.promise(() => writeWhole(path, pageText(page, parts)))
  if (lost !== undefined) return yield* new ReportLost({ losses: [lost] })
})
