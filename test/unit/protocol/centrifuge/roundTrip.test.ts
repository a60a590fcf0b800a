import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { jsonName } from "../../../../src/protocol/centrifuge/fields.ts"
import * as Json from "../../../../src/protocol/centrifuge/json.ts"
import * as messages from "../../../../src/protocol/centrifuge/messages.ts"
import * as Protobuf from "../../../../src/protocol/centrifuge/protobuf.ts"
import { anyPayload, comparable, jsonPayload, lookOf, messageOf, withObjects } from "./anyMessage.ts"
import { messageType, TABLES } from "./schema.ts"

it("every table of messages is tested", () => {
  const tested = new Set<unknown>(TABLES.map(([, fields]) => fields))
  const untested = Object.entries(messages).filter(
    ([name, value]) => name.endsWith("Fields") && !tested.has(value)
  )
  expect(untested).toEqual([])
})

describe.each(TABLES)("%s", (name, fields) => {
  it("has the numbers and types of the schema", () => {
    const known = messageType(name).fields
    for (const [field, { number, kind, scalar, message }] of Object.entries(fields)) {
      const { id, repeated, map, type } = known[jsonName(field)]!.resolve()
      expect({ id, repeated, map }).toEqual({ id: number, repeated: kind === "list", map: kind === "map" })
      if (scalar !== undefined) expect(type).toBe(scalar)
      else expect(message!()).toBe(TABLES.find(([other]) => other === type)![1])
    }
  })

  it("is the same after JSON", () => {
    fc.assert(
      fc.property(messageOf(fields, jsonPayload), (message) => {
        const decoded = Json.decodeMessage(fields, Json.encodeMessage(fields, message))
        expect(comparable(fields, decoded!)).toEqual(comparable(fields, message))
      })
    )
  })

  it("is in JSON what its table says", () => {
    fc.assert(
      fc.property(messageOf(fields, jsonPayload), (message) => {
        const expected = lookOf(fields, message, {
          name: jsonName,
          bytes: (bytes) => JSON.parse(Buffer.from(bytes).toString()),
          withAlways: true
        })
        expect(JSON.parse(Json.encodeMessage(fields, message))).toEqual(withObjects(expected))
      })
    )
  })

  it("is the same after Protobuf", () => {
    fc.assert(
      fc.property(messageOf(fields, anyPayload), (message) => {
        const decoded = Protobuf.decodeMessage(fields, Protobuf.encodeMessage(fields, message))
        expect(comparable(fields, decoded!)).toEqual(comparable(fields, message))
      })
    )
  })

  it("is understood by another Protobuf library, and understands it", () => {
    const type = messageType(name)
    const key = fc.string({ unit: "grapheme-ascii", maxLength: 10 }).map((text) => `k${text}`)
    fc.assert(
      fc.property(messageOf(fields, anyPayload, key), (message) => {
        const expected = lookOf(fields, message, {
          name: jsonName,
          bytes: (bytes) => bytes,
          withAlways: false
        })
        const theirs = type.fromObject(withObjects(expected) as object)
        const read = type.toObject(type.decode(Protobuf.encodeMessage(fields, message)), { longs: Number })
        expect(read).toEqual(type.toObject(theirs, { longs: Number }))
        const decoded = Protobuf.decodeMessage(fields, type.encode(theirs).finish())
        expect(comparable(fields, decoded!)).toEqual(comparable(fields, message))
      })
    )
  })
})
