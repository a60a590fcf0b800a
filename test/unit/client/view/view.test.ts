import { describe, expect, it } from "vitest"
import { RecentRates } from "../../../../src/client/view/RecentRates.ts"
import { type ViewState, viewLines, viewLogLine } from "../../../../src/client/view/runView.ts"
import { sparkline } from "../../../../src/client/view/sparkline.ts"
import { LiveLines } from "../../../../src/client/view/terminal.ts"

const ramping: ViewState = {
  phase: "ramping",
  active: 4_900,
  total: 10_000,
  errors: 100,
  errorsByKind: { reset: 19, connectTimeout: 80, handshakeTimeout: 1 },
  setupPerSecond: 500,
  messagesPerSecond: 0,
  messages: 0,
  rates: [500, 250, 1_000],
  latencyMs: { p50: null, p90: null, p99: null, max: null },
  elapsedMs: 9_800,
  leftMs: null,
  comesBack: false
}
const holding: ViewState = {
  ...ramping,
  phase: "holding",
  active: 9_899,
  errors: 1,
  errorsByKind: { reset: 1 },
  messages: 1_234_567,
  messagesPerSecond: 1_979.8,
  latencyMs: { p50: 3.456, p90: 45.67, p99: 1_234.5, max: 12_345.6 },
  elapsedMs: 3_725_000,
  leftMs: 90_000
}

describe("the view", () => {
  it("while ramping shows a bar, the share, connections of total, the rate, the time left and the errors", () => {
    expect(viewLines(ramping, 100)).toEqual([
      `[${"█".repeat(19)}${"░".repeat(21)}]  49 % 4,900/10,000 · 500/s · ETA 0:10 · 100 errors`,
      "0 messages · 0/s  set-up ▅▃█",
      "latency p50 – · p90 – · p99 – · max –",
      "errors: 80 connect timeout · 19 reset · 1 handshake timeout"
    ])
  })

  it("then shows connections, time, messages and latency", () => {
    expect(viewLines(holding, 100)).toEqual([
      "holding 9,899/10,000 connections · 1:02:05 · 1:30 left · 1 error",
      "1,234,567 messages · 1,980/s  ▅▃█",
      "latency p50 3.46 ms · p90 45.7 ms · p99 1,235 ms · max 12,346 ms",
      "errors: 1 reset"
    ])
  })

  it("tells of no errors where there are none", () => {
    expect(viewLines({ ...holding, errors: 0, errorsByKind: {} }, 100)).toHaveLength(3)
    expect(viewLogLine({ ...ramping, errors: 0, errorsByKind: {} })).not.toContain("errors:")
  })

  it("has no time left to tell while nothing opens, and none once all is done", () => {
    expect(viewLogLine({ ...ramping, setupPerSecond: 0 })).toContain("0/s · ETA – · 100 errors")
    expect(viewLogLine({ ...ramping, active: 9_900 })).toMatch(
      /^ramping {2}99 % 9,900\/10,000 · 500\/s · 100 errors · 0/
    )
  })

  it("fits any width, and is whole on 80 columns with a million connections", () => {
    const kinds = ["connectTimeout", "reset", "handshakeTimeout", "tooManyOpenFiles", "portsExhausted"]
    const errorsByKind = Object.fromEntries(kinds.map((kind, i) => [kind, 1_000 + i]))
    const million = { active: 1_000_000, total: 1_000_000, errors: 5_010, errorsByKind }
    const left = { leftMs: 3_600_000, messagesPerSecond: 1_234_567, rates: [1, 2, 3] }
    for (const state of [ramping, { ...ramping, ...million }, { ...holding, ...million, ...left }]) {
      for (let columns = 1; columns <= 200; columns++) {
        for (const line of viewLines(state, columns)) {
          expect(line.length).toBeLessThanOrEqual(columns)
          if (columns >= 79) expect(line).not.toContain("…")
        }
      }
    }
  })

  it("counts errors as no progress, and takes those for lost that nothing brings back", () => {
    const failing = { ...ramping, active: 0, total: 300, errors: 852, setupPerSecond: 10 }
    expect(viewLines({ ...failing, comesBack: true }, 100)[0]).toMatch(
      /\[░+\] {3}0 % 0\/300 · 10\/s · ETA 0:30 · 852/
    )
    expect(viewLines(failing, 100)[0]).toMatch(/ {3}0 % 0\/300 · 10\/s · 852 errors$/)
  })

  it("tells the errors on 40 columns, whatever else has to go", () => {
    for (const state of [
      ramping,
      { ...holding, errors: 1_234 },
      { ...holding, at: "level 3 of 10: 600 connections" }
    ])
      expect(viewLines(state, 40)[0]).toMatch(/ · [\d,]+ errors?$/)
    expect(viewLines(ramping, 40)[0]).toMatch(/ 49 % 4,900\/10,000 · 100 errors$/)
  })

  it("says what a scenario is at", () => {
    const at = "level 3 of 10: 600 connections"
    expect(viewLines({ ...holding, at }, 120)[0]).toContain(`left · ${at} · 1 error`)
    expect(viewLogLine({ ...ramping, at })).toContain(`ETA 0:10 · ${at} · 100 errors`)
  })

  it("shrinks the bar, then does without it, then cuts the text", () => {
    expect(viewLines(ramping, 70)[0]).toMatch(/^\[█+░+\] {2}49 %/)
    expect(viewLines(ramping, 56)[0]).toMatch(/^ 49 %/)
    expect(viewLines(ramping, 10)[0]).toBe(" 49 % · 1…")
  })

  it("shows as much of the sparkline as there is room for, the newest of it", () => {
    const rates = Array.from({ length: 100 }, (_, i) => i)
    const sparkAt = (columns: number) =>
      /\/s(?: {2}(.*))?$/.exec(viewLines({ ...holding, rates }, columns)[1]!)![1]
    expect(sparkAt(200)).toHaveLength(60)
    expect(sparkAt(60)).toHaveLength(30)
    expect(sparkAt(35)).toBe("█████")
    expect(sparkAt(34)).toBeUndefined()
  })

  it("says the unit of latencies once where there is no room for more", () => {
    expect(viewLines(holding, 50)[2]).toBe("ms p50 3.46 p90 45.7 p99 1,235 max 12,346")
  })

  it("names the most frequent errors, and how many kinds there are besides", () => {
    expect(viewLines(ramping, 52)[3]).toBe("errors: 80 connect timeout · 19 reset · 1 more kind")
    expect(viewLines(ramping, 40)[3]).toBe("errors: 80 connect timeout")
  })

  it("of a run without connections is full, not NaN", () => {
    expect(viewLines({ ...ramping, total: 0, active: 0, errors: 0 }).join()).toContain("100 % 0/0")
  })

  it("as a log line is one line without a bar or a sparkline", () => {
    expect(viewLogLine(ramping)).toBe(
      "ramping  49 % 4,900/10,000 · 500/s · ETA 0:10 · 100 errors · 0 messages · 0/s · latency p50 – p99 – · " +
        "errors: 80 connect timeout · 19 reset · 1 handshake timeout"
    )
  })
})

describe("a sparkline", () => {
  it("is as high as the share of the highest, and flat where nothing happened", () => {
    expect(sparkline([0, 12.5, 25, 50, 99, 100], 10)).toBe("▁▂▃▅██")
    expect(sparkline([0, 0], 10)).toBe("▁▁")
    expect(sparkline([], 10)).toBe("")
    expect(sparkline([1, 2], 0)).toBe("")
    expect(sparkline([-5, 10], 10)).toBe("▁█")
  })
})

describe("recent rates", () => {
  it("are over two seconds, and one for each second before", () => {
    const rates = new RecentRates()
    expect([rates.perSecond, rates.points]).toEqual([0, []])
    for (let i = 0; i <= 16; i++) rates.add(i * 250, Math.floor(i / 4) * 100)
    expect(rates.perSecond).toBe(100)
    expect(rates.points).toEqual([100, 100, 100, 100])
    rates.add(4_000, 9_999)
    expect(rates.perSecond).toBe(100)
    rates.add(14_000, 400)
    expect(rates.perSecond).toBe(0)
  })

  it("keep a bounded number of seconds", () => {
    const rates = new RecentRates()
    for (let i = 0; i <= 300; i++) rates.add(i * 1000, i * i)
    expect(rates.points).toHaveLength(120)
    expect(rates.points.at(-1)).toBe(300 * 300 - 299 * 299)
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

  it("are taken away whole after the terminal became narrower and broke them", () => {
    let written = ""
    const screen = { write: (text: string) => (written += text), columns: 80 }
    const live = new LiveLines(screen)
    live.show(["x".repeat(79), "y".repeat(30), ""])
    screen.columns = 30
    written = ""
    live.show(["z"])
    // 79 columns in three rows of 30, 30 in one, and an empty one.
    expect(written).toBe("\u001b[5A\r\u001b[Jz\n")
  })

  it("leave the last column free, and know a width where the screen tells none", () => {
    expect(terminal(100).live.columns).toBe(99)
    expect(terminal().live.columns).toBe(79)
  })
})
