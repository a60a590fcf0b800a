/** Commands as nobody should send them: 100,000 cases and more in each run. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Field, type Fields, jsonName } from "../../../../src/protocol/centrifuge/fields.ts"
import * as Json from "../../../../src/protocol/centrifuge/json.ts"
import * as messages from "../../../../src/protocol/centrifuge/messages.ts"
import * as Protobuf from "../../../../src/protocol/centrifuge/protobuf.ts"
import { RANGE } from "../../../../src/protocol/centrifuge/tables.ts"
import { mutated, parsed } from "../jsonText.ts"
import { anyPayload, comparable, jsonPayload, type Message, messageOf } from "./anyMessage.ts"

const { CommandFields } = messages

const FRAMES = [
  '{"id":1,"connect":{"token":"a.b.c","data":[1,{}],"subs":{"a":{"recover":true,"offset":7,"epoch":"x"}}}}',
  '{"id":2,"subscribe":{"channel":"news","recover":true,"offset":12,"tf":{"op":"or","nodes":[{"vals":["1"]}]}}}',
  '{"id":3,"publish":{"channel":"chat","data":{"text":"\\u00e9\\n","n":12345678901234567890}}}\n{}\n',
  '{"id":4,"history":{"channel":"chat","limit":-1,"since":{"offset":3,"epoch":"x"}}}\n{"id":5,"rpc":{"data":null}}',
  '{"id":6,"presence":{"channel":"chat"}}\n{"id":7,"sub_refresh":{"channel":"a","token":"t","type":0}}'
]

/** Whether the table allows a value, by what JSON.parse made of it. */
const isOf = (field: Field<unknown>, value: unknown): boolean => {
  const { kind, scalar } = field
  if (value === null || scalar === "bytes") return true
  if (kind === "list") return Array.isArray(value) && value.every((one) => isOne(field, one))
  if (kind === "map") return isObject(value) && Object.values(value).every((one) => isOne(field, one))
  return isOne(field, value)
}

const isOne = ({ scalar, message }: Field<unknown>, value: unknown): boolean => {
  switch (scalar) {
    case undefined:
      return isMessage(message!(), value)
    case "bytes":
      return true
    case "string":
      return typeof value === "string"
    case "bool":
      return typeof value === "boolean"
    default: {
      const [min, max] = RANGE[scalar]
      return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
    }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isMessage = (fields: Fields, value: unknown): boolean =>
  isObject(value) &&
  Object.entries(fields).every(
    ([name, field]) => !Object.hasOwn(value, jsonName(name)) || isOf(field, value[jsonName(name)])
  )

/** The same as `decodeCommands` should make of a frame, by way of JSON.parse: whether it may be read. */
const isFrame = (frame: string): boolean =>
  frame
    .replace(/\n$/, "")
    .split("\n")
    .every((line) => isMessage(CommandFields, parsed(line)?.value))

const expectAgreement = (frame: string): void => {
  const commands = Json.decodeCommands(frame)
  expect([frame, commands !== undefined]).toEqual([frame, isFrame(frame)])
  if (commands === undefined) return
  // What was read is written as commands that mean the same.
  const again = commands.map((command) => Json.encodeMessage(CommandFields, command)).join("\n")
  expect(Json.decodeCommands(again)?.map((command) => comparable(CommandFields, command))).toEqual(
    commands.map((command) => comparable(CommandFields, command))
  )
}

describe("JSON commands are read when JSON.parse would, and their fields have the right types", () => {
  it("commands that were changed somewhere", () => {
    fc.assert(fc.property(mutated(fc.constantFrom(...FRAMES)), expectAgreement), { numRuns: 30_000 })
  })

  it("any commands, changed or not", () => {
    const frame = fc
      .array(messageOf(CommandFields, jsonPayload), { minLength: 1, maxLength: 2 })
      .map((commands) => commands.map((command) => Json.encodeMessage(CommandFields, command)).join("\n"))
    fc.assert(fc.property(fc.oneof(frame, mutated(frame)), expectAgreement), { numRuns: 3000 })
  })

  it("characters and words of the protocol in any order", () => {
    const unit = fc.constantFrom(
      ...'{}[]":,\\\n 01-',
      ...[
        "null",
        "true",
        '"id"',
        '"connect"',
        '"data"',
        '"subs"',
        '{"id":1}',
        '"send":{',
        '"data":{',
        "9007199254740992"
      ]
    )
    fc.assert(fc.property(fc.string({ unit, maxLength: 16 }), expectAgreement), { numRuns: 20_000 })
  })
})

const FRAME_BYTES = FRAMES.map((frame) =>
  Buffer.concat(
    Json.decodeCommands(frame)!.map((command) =>
      Protobuf.delimited(Protobuf.encodeMessage(CommandFields, command))
    )
  )
)

const mutatedBytes = (frame: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 2 }), fc.uint8Array({ maxLength: 2 }))
  return fc.tuple(frame, fc.array(change, { minLength: 1, maxLength: 4 })).map(([original, changes]) =>
    changes.reduce<Uint8Array>((bytes, [place, removed, inserted]) => {
      const at = place % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)])
    }, original)
  )
}

/** Never a throw; and what is read is the same after it was written again. */
const expectStable = (frame: Uint8Array): void => {
  const commands = Protobuf.decodeCommands(frame)
  if (commands === undefined) return
  const again = Buffer.concat(
    commands.map((command) => Protobuf.delimited(Protobuf.encodeMessage(CommandFields, command)))
  )
  expect(Protobuf.decodeCommands(again)?.map((command) => comparable(CommandFields, command))).toEqual(
    commands.map((command) => comparable(CommandFields, command))
  )
}

describe("Protobuf commands are read or refused, and mean the same when they are written again", () => {
  it("commands that were changed somewhere", () => {
    fc.assert(fc.property(mutatedBytes(fc.constantFrom(...FRAME_BYTES)), expectStable), { numRuns: 30_000 })
  })

  it("any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), expectStable), { numRuns: 20_000 })
  })

  it("any commands, changed", () => {
    const frame = messageOf(CommandFields, anyPayload).map((command: Message) =>
      Protobuf.delimited(Protobuf.encodeMessage(CommandFields, command))
    )
    fc.assert(fc.property(mutatedBytes(frame), expectStable), { numRuns: 3000 })
  })

  it("commands that are cut off anywhere are refused", () => {
    for (const frame of FRAME_BYTES.map((bytes) => Protobuf.delimited(bytes))) {
      for (let length = 0; length < frame.length; length++)
        expect(Protobuf.decodeCommands(frame.subarray(0, length))).toBeUndefined()
    }
  })
})

describe("emulation requests are read or refused", () => {
  it("in JSON", () => {
    const requests = FRAMES.map((data) => JSON.stringify({ session: "s", node: "n", data }))
    fc.assert(
      fc.property(mutated(fc.constantFrom(...requests)), (text) => {
        const value = parsed(text)?.value
        const fields = {
          ...messages.EmulationRequestFields,
          data: { number: 3, kind: "scalar", scalar: "string" } as const
        }
        expect([text, Json.decodeEmulation(text) !== undefined]).toEqual([text, isMessage(fields, value)])
      }),
      { numRuns: 10_000 }
    )
  })

  it("in Protobuf", () => {
    const requests = FRAME_BYTES.map((data) =>
      Protobuf.encodeMessage(messages.EmulationRequestFields, { session: "s", node: "n", data })
    )
    fc.assert(
      fc.property(mutatedBytes(fc.constantFrom(...requests)), (bytes) => {
        const request = Protobuf.decodeEmulation(bytes)
        if (request !== undefined) Protobuf.decodeCommands(request.data)
      }),
      { numRuns: 10_000 }
    )
  })
})
