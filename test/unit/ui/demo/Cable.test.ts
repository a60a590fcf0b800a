import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { Cable } from "../../../../src/ui/demo/Cable.ts"
import { delay } from "../../../../src/ui/demo/format.ts"

describe("a cable", () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("ends what runs over it, once, and lets nothing through until it is whole", () => {
    const cable = new Cable()
    const heard: Array<string> = []
    cable.attach(() => heard.push("end"))
    cable.attach(() => heard.push("taken back"))()
    cable.cut(5000)
    expect(heard).toEqual(["end"])
    expect(cable.isCut).toBe(true)
    cable.whenRepaired(() => heard.push("whole"))
    cable.whenRepaired(() => heard.push("taken back"))()
    vi.advanceTimersByTime(4999)
    expect(heard).toEqual(["end"])
    vi.advanceTimersByTime(1)
    expect(heard).toEqual(["end", "whole"])
    expect(cable.isCut).toBe(false)
    cable.cut(0)
    expect(heard).toEqual(["end", "whole"])
  })

  it("is cut for as long as the last cut says", () => {
    const cable = new Cable()
    cable.cut(5000)
    vi.advanceTimersByTime(4000)
    cable.cut(5000)
    vi.advanceTimersByTime(4000)
    expect(cable.isCut).toBe(true)
    vi.advanceTimersByTime(1000)
    expect(cable.isCut).toBe(false)
  })
})

describe("a delay", () => {
  it.each([
    [0, "0 ms"],
    [12, "12 ms"],
    [9999, "9999 ms"],
    [14_240, "14.2 s"],
    [-12, "−12 ms"]
  ])("of %d ms is %s", (ms, text) => expect(delay(ms)).toBe(text))
})
