import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { planText } from "../../../src/capacity/planCommand.ts"

const printed = (...args: ReadonlyArray<string>) => Result.getOrThrow(planText(args))
const refusal = (...args: ReadonlyArray<string>) => {
  const result = planText(args)
  return Result.isFailure(result) ? result.failure : undefined
}

describe("npm run plan", () => {
  it("prints nodes, NATS, times, what is used up first, growth and what it cannot know", () => {
    const text = printed(
      "--connections",
      "100000000",
      "--rate",
      "10",
      "--bytes",
      "200",
      "--node.price",
      "100"
    )
    for (const part of [
      /^100,000,000 connections \(protocol\), each open for 1 hour$/m,
      /^Nodes: [\d,]+, 1 of them spare; [\d,]+ cores, [\d,]+ GiB; 7 workers each$/m,
      /^NATS: \d+ servers;/m,
      /^A broadcast is with the last connection after /m,
      /^A node is lost: /m,
      /^All clients come back at once: /m,
      /^What is used up first: cores of workers, /m,
      /^\| 1,000,000 +\| +\d/m,
      /^\| 10,000,000 +\| +\d/m,
      /^What it cannot know: /m
    ])
      expect(text).toMatch(part)
    expect(text).not.toMatch(/NaN|undefined|Infinity/)
  })

  it("prints JSON", () => {
    const { nodes, nats } = JSON.parse(printed("--connections", "1000000", "--json"))
    expect(nodes.count).toBeGreaterThanOrEqual(5)
    expect(nats.servers).toBe(3)
  })

  it("prints what it computes from, each figure with its source", () => {
    const rows = printed("--figures").split("\n").slice(2)
    expect(rows.length).toBeGreaterThan(20)
    for (const row of rows) expect(row).toMatch(/\| +(measured|computed): \S/)
  })

  it("tells its options, with what they are without being given", () => {
    const text = printed("--help")
    expect(text).toContain("Usage: npm run plan -- [--OPTION VALUE ...]")
    expect(text).toMatch(
      /--headroom +share of cores, memory and network that stays free \[0.3\], a number between 0 and 0.9$/m
    )
  })

  it("tells every problem at once, with exit code 78", () => {
    const failure = refusal(
      "--conections",
      "5",
      "--rate",
      "NaN",
      "--headroom",
      "1",
      "--node.cores",
      "1.5",
      "--doctor"
    )
    const lines = failure!.message.split("\n")
    expect(lines).toHaveLength(6)
    for (const part of [
      "did you mean connections?",
      "  rate: ",
      "  headroom: ",
      "  node.cores: ",
      "  doctor: there is no"
    ])
      expect(lines.some((line) => line.includes(part))).toBe(true)
  })

  it("wants connections, and no more subscribers than there are", () => {
    expect(refusal()?.message).toContain("connections: must be given")
    expect(refusal("--connections", "10", "--channels.subscribers", "11")?.message).toContain(
      "channels.subscribers: expected no more than connections"
    )
  })

  it("says what is short where no number of machines is enough", () => {
    expect(refusal("--connections", "10000000000")?.message).toMatch(
      /^no plan: [\w ]+: [\d,. ]+\w* needed and [\d,. ]+\w* there, even with 4095 nodes; --node\.\w+ gives more of it$/
    )
  })
})
