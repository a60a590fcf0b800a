import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ChannelOptions } from "../../../../src/config/channelKeys.ts"
import { ErrorCodes } from "../../../../src/protocol/codes.ts"
import { dataProblem } from "../../../../src/services/channels/dataProblem.ts"
import { configWith } from "../../../support/configurations.ts"

type Format = ChannelOptions["publicationDataFormat"]

const isTaken = (publicationDataFormat: Format, data: Uint8Array): boolean => {
  const problem = dataProblem({ ...configWith().channels.withoutNamespace, publicationDataFormat }, data)
  if (problem !== undefined) expect(problem).toBe(ErrorCodes.badRequest)
  return problem === undefined
}

const formats: ReadonlyArray<Format> = ["any", "json", "json_object", "binary"]

describe("data of a publication", () => {
  it.each<[string, Uint8Array, ReadonlyArray<Format>]>([
    ["nothing", Buffer.from(""), ["binary"]],
    ["an object", Buffer.from('{"a":1}'), formats],
    ["an object with space around", Buffer.from('\n\t {"a":[{}]} \r\n'), formats],
    ["an array", Buffer.from("[{}]"), ["any", "json", "binary"]],
    ["a text", Buffer.from('"{}"'), ["any", "json", "binary"]],
    ["a number", Buffer.from("12345678901234567890"), ["any", "json", "binary"]],
    ["null", Buffer.from("null"), ["any", "json", "binary"]],
    ["half an object", Buffer.from('{"a":'), ["any", "binary"]],
    ["two objects", Buffer.from("{}{}"), ["any", "binary"]],
    ["space", Buffer.from(" "), ["any", "binary"]],
    ["words", Buffer.from("hello"), ["any", "binary"]],
    ["bytes that are no text", Buffer.from([0, 255, 254]), ["any", "binary"]],
    ["JSON with bytes that are no text", Buffer.from([0x22, 0xff, 0x22]), ["any", "binary"]]
  ])("%s is taken by some formats", (_, data, taken) => {
    expect(formats.filter((format) => isTaken(format, data))).toEqual(taken)
  })

  it("may be a part of other bytes", () => {
    const whole = Buffer.from('xx{"a":1}xx')
    expect(isTaken("json_object", whole.subarray(2, 9))).toBe(true)
    expect(isTaken("json_object", whole)).toBe(false)
  })

  it("has at most as many bytes as the channel takes", () => {
    const options = { ...configWith().channels.withoutNamespace, maxDataSize: 4 }
    expect(dataProblem(options, Buffer.from("1234"))).toBeUndefined()
    expect(dataProblem(options, Buffer.from("12345"))).toBe(ErrorCodes.badRequest)
    expect(dataProblem({ ...options, maxDataSize: 0 }, Buffer.alloc(1_000_000))).toBeUndefined()
  })

  it("is JSON where JSON.parse takes it", () => {
    const almost = fc.oneof(
      fc.json(),
      fc.json().map((text) => text.slice(1)),
      fc.string({ maxLength: 8 })
    )
    fc.assert(
      fc.property(almost, (text) => {
        const parsed = (() => {
          try {
            return { value: JSON.parse(text) as unknown }
          } catch {
            return undefined
          }
        })()
        const isObject =
          typeof parsed?.value === "object" && parsed.value !== null && !Array.isArray(parsed.value)
        expect(isTaken("json", Buffer.from(text))).toBe(parsed !== undefined)
        expect(isTaken("json_object", Buffer.from(text))).toBe(isObject)
      })
    )
  })
})
