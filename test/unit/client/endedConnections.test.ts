import { describe, expect, it } from "vitest"
import { EndedConnections, MAX_REASONS } from "../../../src/client/EndedConnections.ts"

describe("connections that ended", () => {
  it("are a line for each reason, with how many there were of it", () => {
    const ended = new EndedConnections()
    for (const reason of ["1006", "1000 end of run", "1006", "1006"]) ended.add(reason)
    expect(ended.flush()).toEqual(["closed because of 1006 (3 times)", "closed because of 1000 end of run"])
  })

  it("are told once", () => {
    const ended = new EndedConnections()
    ended.add("1006")
    ended.flush()
    expect(ended.flush()).toEqual([])
    ended.add("1006")
    expect(ended.flush()).toEqual(["closed because of 1006"])
  })

  it("of several processes are one line for each reason", () => {
    const all = new EndedConnections()
    for (const times of [2, 3]) {
      const one = new EndedConnections()
      for (let i = 0; i < times; i++) one.add("1001", `1001 of port ${i}`)
      for (const [reason, count] of one.take()) all.add(reason, one.latest, count)
      expect(one.take()).toEqual([])
    }
    expect([all.latest, all.flush()]).toEqual(["1001 of port 2", ["closed because of 1001 (5 times)"]])
  })

  it("are told by the latest reason, also after a flush and when it is one of too many", () => {
    const ended = new EndedConnections()
    expect(ended.latest).toBe("")
    for (let i = 0; i <= MAX_REASONS; i++) ended.add(`reason ${i}`)
    ended.flush()
    expect(ended.latest).toBe(`reason ${MAX_REASONS}`)
  })

  it("for more than MAX_REASONS reasons are told together, those known before are still told apart", () => {
    const ended = new EndedConnections()
    for (let i = 0; i < 10_000; i++) ended.add(`reason ${i}`)
    ended.add("reason 0")
    const lines = ended.flush()
    expect(lines).toHaveLength(MAX_REASONS + 1)
    expect(lines[0]).toBe("closed because of reason 0 (2 times)")
    expect(lines.at(-1)).toBe(`closed because of other reasons (${10_000 - MAX_REASONS} times)`)
    ended.add("reason 9999")
    expect(ended.flush()).toEqual(["closed because of reason 9999"])
  })
})
