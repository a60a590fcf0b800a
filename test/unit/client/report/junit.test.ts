import { describe, expect, it } from "vitest"
import { junitReport } from "../../../../src/client/report/junitReport.ts"
import { input, reportOf, START } from "./fixture.ts"

const busy = { ...input().client, cpu: 0.97 }
const scenario = {
  name: "find-max",
  figures: [{ name: "highest", label: "highest", unit: "connections", value: 2_000 }],
  steps: [
    { level: 2_000, held: true, figures: [] },
    { level: 4_000, held: false, because: "p99 is 600", figures: [] }
  ]
}

/** Values of attributes by element and name, of a text that is well-formed: each element is closed where it should be. */
const parse = (xml: string) => {
  const open: Array<string> = []
  const elements: Array<{ name: string; attributes: Record<string, string> }> = []
  const rest = xml
    .replace(/<\?xml[^>]*\?>/, "")
    .replace(/<(\/?)(\w+)((?: \w+="[^"<]*")*)(\/?)>/g, (...found) => {
      const [, closes, name, attributes, empty] = found as unknown as ReadonlyArray<string>
      if (closes === "/") expect(open.pop()).toBe(name)
      else {
        const values = [...attributes!.matchAll(/ (\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!])
        elements.push({ name: name!, attributes: Object.fromEntries(values) })
        if (empty === "") open.push(name!)
      }
      return ""
    })
  expect([open, rest.trim()]).toEqual([[], ""])
  return elements
}

const properties = (xml: string) =>
  Object.fromEntries(
    parse(xml)
      .filter(({ name }) => name === "property")
      .map(({ attributes }) => [attributes.name, attributes.value])
  )

describe("the report as JUnit XML", () => {
  it("has a test case for each limit, and fails those that were missed", () => {
    const xml = junitReport(reportOf({ thresholds: { p99: 7, max: 1, delivered: 100 } }))
    const elements = parse(xml)
    expect(elements.find(({ name }) => name === "testsuites")?.attributes).toMatchObject({
      ...{ tests: "4", failures: "2", errors: "0", skipped: "0", time: "10" }
    })
    expect(elements.find(({ name }) => name === "testsuite")?.attributes).toMatchObject({
      timestamp: "2023-11-14T22:13:20"
    })
    const names = elements.filter(({ name }) => name === "testcase").map(({ attributes }) => attributes.name)
    expect(names).toEqual([
      "the client was no bottleneck",
      "p99 is at most 7",
      "max is at most 1",
      "delivered is at least 100"
    ])
    expect(xml).toContain(
      'name="max is at most 1" time="0"><failure message="max is 7, limit 1" type="threshold"/></testcase>'
    )
    expect(xml.match(/<failure/g)).toHaveLength(2)
  })

  it("fails a scenario whose first level did not hold, and none that ended at a later one", () => {
    expect(junitReport(reportOf({ scenario: { ...scenario, missed: [] } }))).toContain(
      'name="find-max holds level 2000" time="0"/>'
    )
    const steps = [{ ...scenario.steps[1]!, level: 2_000 }]
    const xml = junitReport(reportOf({ scenario: { ...scenario, steps, missed: ["p99 is 600"] } }))
    expect(xml).toContain('<failure message="p99 is 600" type="scenario"/>')
    expect(parse(xml)[0]?.attributes).toMatchObject({ tests: "2", failures: "1" })
  })

  it("has the limits that judged the first level, and skips those of which nothing was found", () => {
    const verdict = (name: string, found: number | null, met: boolean) =>
      ({ name, bound: "most", limit: 5, found, met }) as const
    const verdicts = [verdict("errors", 3, true), verdict("p99", null, false), verdict("max", 7, false)]
    const [first, second] = scenario.steps
    const later = { ...second!, verdicts: [verdict("mean", 9, false)] }
    const xml = junitReport(
      reportOf({ scenario: { ...scenario, missed: [], steps: [{ ...first!, verdicts }, later] } })
    )
    const cases = parse(xml).filter(({ name }) => name === "testcase")
    expect(cases.map(({ attributes }) => attributes.name)).toEqual([
      "the client was no bottleneck",
      "errors is at most 5 at level 2000",
      "p99 is at most 5 at level 2000",
      "max is at most 5 at level 2000",
      "find-max holds level 2000"
    ])
    expect(xml).toContain('name="errors is at most 5 at level 2000" time="0"/>')
    expect(xml).toContain('><skipped message="p99 could not be judged: nothing was found"/></testcase>')
    expect(xml).toContain('><failure message="max is 7, limit 5" type="threshold"/></testcase>')
    expect(parse(xml)[0]?.attributes).toMatchObject({ tests: "5", failures: "1", skipped: "1" })
  })

  it("skips what cannot be relied on: that is no failure of the server", () => {
    const xml = junitReport(reportOf({ client: busy }))
    expect(parse(xml).find(({ name }) => name === "testsuite")?.attributes).toMatchObject({
      ...{ tests: "1", failures: "0", skipped: "1" }
    })
    expect(xml).toContain('<skipped message="The client used 97 % of a core')
  })

  it("has every figure, the configuration, the machine, broadcasts and steps as properties", () => {
    expect(properties(junitReport(reportOf({ scenario })))).toMatchObject({
      "run.id": "7f3a",
      "run.cores": "2",
      "config.total.clients": "10",
      "connections.active": "7",
      "connections.errors.reset": "1",
      "connections.errors": "2",
      "setup.perSecond": "4",
      "latencyMs.p99": "7",
      "messages.count": "14",
      "broadcasts.delivered": String((13 / 14) * 100),
      [`broadcast.${START + 4_000}`]: "6 of 7, first after 1 ms, last after 6 ms",
      "scenario.highest": "2000",
      "scenario.step.2000": "held",
      "scenario.step.4000": "did not hold: p99 is 600"
    })
  })

  it("names no property twice", () => {
    const names = parse(junitReport(reportOf({ scenario })))
      .filter(({ name }) => name === "property")
      .map(({ attributes }) => attributes.name)
    expect(new Set(names).size).toBe(names.length)
  })

  it("is well-formed whatever the texts are", () => {
    const nasty = `<a & "b">\n\u0000\u0007\ud800 ]]> é 😀`
    const xml = junitReport(reportOf({ config: { note: nasty }, doubts: [nasty] }))
    expect(properties(xml)["config.note"]).toBe(
      "&lt;a &amp; &quot;b&quot;&gt;&#10;\ufffd\ufffd\ufffd ]]&gt; é 😀"
    )
  })
})
