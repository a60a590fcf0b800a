import { describe, expect, it } from "vitest"
import type { Glance } from "../../../src/client/metrics/RunMetrics.ts"
import { LiveView, type RunState } from "../../../src/client/view/LiveView.ts"
import { FakeOutput } from "../../support/client/Screen.ts"

const UP_THREE = "\u001b[3A\r\u001b[J"

const run = (elapsedMs: number, phase: RunState["phase"] = "ramping"): RunState => ({
  phase,
  total: 1000,
  elapsedMs,
  leftMs: null,
  comesBack: false
})
const glance = (active: number, messages = 0): Glance => ({
  active,
  opened: active,
  ...{ errors: 0, errorsByKind: {}, messages },
  latencyMs: { p50: null, p90: null, p99: null, max: null },
  missing: 0,
  opening: 0
})

describe("the live view on a terminal", () => {
  it("shows rates since its last update, none at the first", () => {
    const output = new FakeOutput(true, 100)
    const view = new LiveView(output)
    view.update(run(0), glance(0))
    expect(output.take()).toContain("0/1,000 · 0/s · ETA –")
    view.update(run(500), glance(100, 3000))
    const shown = output.take()
    expect(shown).toContain("100/1,000 · 200/s · ETA 0:05")
    expect(shown).toContain("3,000 messages · 6,000/s")
    view.update(run(2500), glance(100, 3000))
    expect(output.take()).toContain("100/1,000 · 0/s")
  })

  it("draws a bar for each second: connections opened, and once it holds the messages", () => {
    const output = new FakeOutput(true, 100)
    const view = new LiveView(output)
    const opened = [0, 100, 300, 700, 1000]
    opened.forEach((active, second) => {
      view.update(run(second * 1000), glance(active, second * 10))
    })
    expect(output.take()).toMatch(/40 messages · 10\/s {2}set-up ▃▅█▇\n/)
    view.update(run(5000, "holding"), glance(1000, 80))
    expect(output.take()).toMatch(/80 messages · 25\/s {2}▃▃▃▃█\n/)
  })

  it("tells of errors in a line of their own, while there are any", () => {
    const output = new FakeOutput(true, 100)
    const view = new LiveView(output)
    view.update(run(0), { ...glance(0), errors: 3, errorsByKind: { connectTimeout: 2, reset: 1 } })
    expect(output.take().split("\n")[3]).toBe("errors: 2 connect timeout · 1 reset")
  })

  it("does not divide by no time", () => {
    const output = new FakeOutput(true, 100)
    const view = new LiveView(output)
    view.update(run(100), glance(0))
    view.update(run(100), glance(100))
    expect(output.take()).not.toMatch(/NaN|Infinity|∞/)
  })

  it("keeps three lines in place, drops the bar once it holds, and lets text pass above", () => {
    const output = new FakeOutput(true, 100)
    const view = new LiveView(output)
    view.update(run(0), glance(0))
    expect(output.take()).toContain("[░░░")
    view.update(run(250, "holding"), glance(1000))
    const held = output.take()
    expect(held.startsWith(`${UP_THREE}holding 1,000/1,000`)).toBe(true)
    expect(held).not.toContain("[█")
    view.print("a report")
    expect(output.take()).toBe(`${UP_THREE}a report\n`)
    view.update(run(500, "holding"), glance(1000))
    expect(output.take().startsWith("holding")).toBe(false)
  })

  it("keeps to the width of the terminal, also when that changes", () => {
    for (const columns of [20, 40, 120]) {
      const output = new FakeOutput(true, columns)
      new LiveView(output).update(run(0), glance(10))
      const widths = output
        .take()
        .split("\n")
        .slice(0, 3)
        .map((line) => line.replace("\u001b[?25l", "").length)
      expect(Math.max(...widths)).toBeLessThan(columns)
    }
  })

  it("gives the cursor back at the end and draws nothing any more", () => {
    const output = new FakeOutput(true, 100)
    const view = new LiveView(output)
    view.update(run(0), glance(0))
    expect(output.isCursorHidden).toBe(true)
    view.print("the last report")
    view.end()
    expect(output.isCursorHidden).toBe(false)
    output.take()
    view.update(run(250), glance(10))
    expect(output.take()).toBe("")
    view.print("a last word")
    expect(output.take()).toBe("a last word\n")
  })
})

describe("the live view elsewhere", () => {
  it("is a line without control characters for every eighth update while ramping, none while holding", () => {
    const output = new FakeOutput(false)
    const view = new LiveView(output)
    for (let i = 0; i < 17; i++) view.update(run(i * 250), glance(i * 10))
    const lines = output.take().split("\n")
    expect(lines.slice(0, -1)).toEqual([
      expect.stringMatching(/^ramping {3}0 % 0\/1,000/),
      expect.stringMatching(/^ramping {3}8 % 80\/1,000 · 40\/s/),
      expect.stringMatching(/^ramping {2}16 % 160\/1,000 · 40\/s/)
    ])
    for (let i = 0; i < 17; i++) view.update(run(i * 250, "holding"), glance(1000))
    expect(output.take()).toBe("")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
    expect(lines.join()).not.toMatch(/[\u0000-\u001f]/)
  })

  it("prints text as whole lines, and leaves the cursor alone at the end", () => {
    const output = new FakeOutput(false)
    const view = new LiveView(output)
    view.print("one")
    view.print("two\n")
    view.end()
    expect(output.take()).toBe("one\ntwo\n")
  })
})
