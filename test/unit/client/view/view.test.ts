import { describe, expect, it } from "vitest"
import { type ViewState, viewLines, viewLogLine } from "../../../../src/client/view/runView.ts"
import { LiveLines } from "../../../../src/client/view/terminal.ts"

const ramping: ViewState = {
  phase: "ramping",
  active: 4_900,
  total: 10_000,
  errors: 100,
  setupPerSecond: 500,
  messagesPerSecond: 0,
  messages: 0,
  p50: null,
  p99: null,
  elapsedMs: 9_800,
  leftMs: null
}
const holding: ViewState = {
  ...ramping,
  phase: "holding",
  active: 9_899,
  errors: 1,
  messages: 1_234_567,
  messagesPerSecond: 1_979.8,
  p50: 3.456,
  p99: 1_234.5,
  elapsedMs: 3_725_000,
  leftMs: 90_000
}

describe("the view", () => {
  it("while ramping shows a bar, the share, connections of total, the rate, the time left and the errors", () => {
    expect(viewLines(ramping, 100)).toEqual([
      `[${"█".repeat(20)}${"░".repeat(20)}]  50 % 4,900/10,000 · 500/s · ETA 0:10 · 100 errors`,
      "0 messages · 0/s · latency p50 – p99 –"
    ])
  })

  it("then shows connections, time, messages and latency", () => {
    expect(viewLines(holding, 100)).toEqual([
      "holding 9,899/10,000 connections · 1:02:05 · 1:30 left · 1 error",
      "1,234,567 messages · 1,980/s · latency p50 3.46 ms p99 1,235 ms"
    ])
  })

  it("has no time left to tell while nothing opens, and none once all is done", () => {
    expect(viewLogLine({ ...ramping, setupPerSecond: 0 })).toContain("0/s · ETA – · 100 errors")
    expect(viewLogLine({ ...ramping, active: 9_900 })).toMatch(
      /^ramping 100 % 9,900\/10,000 · 500\/s · 100 errors · 0/
    )
  })

  it("fits any width: the bar shrinks, then goes, then the text is cut", () => {
    for (let columns = 1; columns <= 120; columns++) {
      for (const line of viewLines(ramping, columns)) expect(line.length).toBeLessThanOrEqual(columns)
    }
    expect(viewLines(ramping, 70)[0]).toMatch(/^\[█+░+\] {2}50 %/)
    expect(viewLines(ramping, 56)[0]).toMatch(/^ 50 %/)
    expect(viewLines(ramping, 10)[0]).toBe(" 50 % 4,9…")
  })

  it("of a run without connections is full, not NaN", () => {
    expect(viewLines({ ...ramping, total: 0, active: 0, errors: 0 }).join()).toContain("100 % 0/0")
  })

  it("as a log line is one line without a bar", () => {
    expect(viewLogLine(ramping)).toBe(
      "ramping  50 % 4,900/10,000 · 500/s · ETA 0:10 · 100 errors · 0 messages · 0/s · latency p50 – p99 –"
    )
  })
})

/** What a terminal shows after what was written: just enough of one to understand the moves that are used. */
const screenAfter = (written: string): ReadonlyArray<string> => {
  const rows = [""]
  let row = 0
  for (const part of written.split(/(?=\n)|(?<=\n)/)) {
    if (part === "\n") row++
    else {
      const [before = "", ...escapes] = part.split("\u001b[")
      rows[row] = (rows[row] ?? "") + before
      for (const escape of escapes) {
        const [, argument, command, text = ""] = /^([?\d]*)([A-Za-z])\r?(.*)$/.exec(escape)!
        if (command === "A") row -= Number(argument)
        if (command === "J") rows.length = row
        if (text !== "") rows[row] = (rows[row] ?? "") + text
      }
    }
  }
  return rows.filter((line, i) => line !== "" || i < rows.length - 1)
}

describe("live lines", () => {
  const terminal = (columns?: number) => {
    let written = ""
    const live = new LiveLines({ write: (text) => (written += text), columns })
    return { live, written: () => written }
  }

  it("are put where the last ones were, also when they become fewer", () => {
    const { live, written } = terminal()
    live.show(["one", "two"])
    live.show(["three", "four"])
    live.show(["five"])
    expect(screenAfter(written())).toEqual(["five"])
  })

  it("let text pass above them that stays", () => {
    const { live, written } = terminal()
    live.show(["bar", "figures"])
    live.print("a report\nof two lines\n")
    live.show(["bar 2", "figures 2"])
    live.print("no line end")
    live.show(["bar 3"])
    expect(screenAfter(written())).toEqual(["a report", "of two lines", "no line end", "bar 3"])
  })

  it("hide the cursor while they live and give it back at the end", () => {
    const { live, written } = terminal()
    live.show(["one"])
    live.show(["two"])
    live.end()
    expect(written().split("\u001b[?25l")).toHaveLength(2)
    expect(written().endsWith("\u001b[?25h")).toBe(true)
    expect(screenAfter(written())).toEqual(["two"])
  })

  it("leave the last column free, and know a width where the screen tells none", () => {
    expect(terminal(100).live.columns).toBe(99)
    expect(terminal().live.columns).toBe(79)
  })
})
