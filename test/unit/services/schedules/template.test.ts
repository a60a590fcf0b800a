import * as Result from "effect/Result"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  LONGEST_VALUES,
  parseTemplate,
  render,
  renderText,
  type TemplateValues
} from "../../../../src/services/schedules/template.ts"

const values: TemplateValues = { due: Date.UTC(2026, 2, 29, 1, 2, 3, 4), run: 7, id: "r-1" }

const rendered = (text: string, some: Partial<TemplateValues> = {}): string =>
  renderText(Result.getOrThrow(parseTemplate(text)), { ...values, ...some })

const problemsOf = (text: string): ReadonlyArray<string> => {
  const parsed = parseTemplate(text)
  return Result.isFailure(parsed) ? parsed.failure : []
}

describe("a template", () => {
  const table: ReadonlyArray<readonly [string, string]> = [
    ['"{{due}}"', '"2026-03-29T01:02:03.004Z"'],
    ['"{{dueMs}}"', "1774746123004"],
    ['"{{run}}"', "7"],
    ['"{{id}}"', '"r-1"'],
    ['"run {{run}} of {{id}}{{run}}"', '"run 7 of r-17"'],
    ['"{{ run }}"', "7"],
    ['" {{run}}"', '" 7"'],
    ['{ "a" : ["{{run}}" , "{{dueMs}}"] }', '{ "a" : [7 , 1774746123004] }'],
    ['{"{{run}}":"{{run}}"}', '{"7":7}'],
    ['{"{{run}}" \n: 1}', '{"7" \n: 1}'],
    ['"\\"{{run}}\\\\"', '"\\"7\\\\"'],
    ['"\\u007b{run}} }} {"', '"\\u007b{run}} }} {"'],
    [
      '{"big":12345678901234567890,"2":1,"1":"\\u00e9é"}',
      '{"big":12345678901234567890,"2":1,"1":"\\u00e9é"}'
    ],
    ['{"":{"a":{}}}', '{"":{"a":{}}}'],
    ["null", "null"]
  ]
  it.each(table)("%s becomes %s", (text, result) => {
    expect(rendered(text)).toBe(result)
  })

  it("puts an id into JSON, whatever its characters", () => {
    expect(JSON.parse(rendered('"<{{id}}>"', { id: 'a"\\\n' }))).toBe('<a"\\\n>')
  })

  it("is bytes of UTF-8", () => {
    const template = Result.getOrThrow(parseTemplate('"é {{run}} 😀"'))
    expect(Buffer.from(render(template, values)).toString()).toBe('"é 7 😀"')
  })

  const problems: ReadonlyArray<readonly [string, ReadonlyArray<RegExp>]> = [
    ["", [/^is not JSON$/]],
    ["{{run}}", [/^is not JSON$/]],
    ['{"a":{{run}}}', [/^is not JSON$/]],
    ['"\ud800"', [/^is not JSON$/]],
    ['"{{runs}}"', [/^character 2: \{\{runs\}\} is no placeholder: .*\{\{due\}\}/]],
    ['"{{}}"', [/^character 2: \{\{\}\} is no placeholder/]],
    ['"a {{run"', [/^character 4: "\{\{" begins no placeholder/]],
    ['"{{{run}}}"', [/^character 2: "\{\{" begins no placeholder/]],
    ['["{{run}", "{{RUN}}", "{{run}}"]', [/^character 3: "\{\{" begins/, /^character 13: \{\{RUN\}\} is no/]],
    ['"{{toString}} {{__proto__}}"', [/^character 2: /, /^character 15: /]],
    ['"{{ru\\u006e}}"', [/^character 2: "\{\{" begins no placeholder/]]
  ]
  it.each(problems)("%j has problems", (text, expected) => {
    expect(problemsOf(text)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)))
  })

  it("is told a bounded number of problems, in time that grows with its length only", () => {
    expect(problemsOf(JSON.stringify("{{".repeat(100_000))).length).toBe(20)
    expect(problemsOf(JSON.stringify(`{{${" ".repeat(100_000)}`)).length).toBe(1)
    expect(problemsOf(JSON.stringify(`{{${"a".repeat(100_000)}}}`))[0]!.length).toBeLessThan(200)
  })

  it("without placeholders stays what it is", () => {
    const text = fc.json().filter((json) => !json.includes("{{"))
    fc.assert(
      fc.property(text, (json) => {
        expect(rendered(json)).toBe(json)
      })
    )
  })

  it("is what a look at the parsed values gives", () => {
    const part = fc.constantFrom("{{run}}", "{{dueMs}}", "{{due}}", "{{id}}", "a", '"', "\\", "é", "}", " ")
    const string = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(""))
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof({ maxDepth: 3 }, string, fc.integer(), tie("list"), tie("object")),
      list: fc.array(tie("json"), { maxLength: 4 }),
      object: fc.dictionary(string, tie("json"), { maxKeys: 4 })
    }))
    const filled = (text: string): string =>
      text
        .replaceAll("{{run}}", "7")
        .replaceAll("{{dueMs}}", String(values.due))
        .replaceAll("{{due}}", new Date(values.due).toISOString())
        .replaceAll("{{id}}", "r-1")
    const fillIn = (value: unknown): unknown => {
      if (typeof value === "string")
        return /^\{\{(run|dueMs)\}\}$/.test(value) ? Number(filled(value)) : filled(value)
      if (Array.isArray(value)) return value.map(fillIn)
      if (typeof value !== "object" || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [filled(key), fillIn(inner)]))
    }
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(JSON.parse(rendered(text))).toEqual(fillIn(JSON.parse(text)))
      })
    )
  })

  it("is never longer than with the longest values", () => {
    const template = Result.getOrThrow(parseTemplate('["{{due}}","{{dueMs}}","{{run}}","{{id}}"]'))
    const longest = render(template, LONGEST_VALUES).length
    const ordinary = { due: Date.UTC(2286, 10, 20, 17, 46, 40), run: 10 ** 15, id: crypto.randomUUID() }
    expect(render(template, ordinary).length).toBeLessThanOrEqual(longest)
  })
})
