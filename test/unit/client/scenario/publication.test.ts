import { describe, expect, it } from "vitest"
import { batchAnswer, batchBody, publicationData } from "../../../../src/client/scenario/publication.ts"

const STAMP = 1_763_777_777_777

describe("the data of a publication", () => {
  it("is the bare stamp for raw connections, and has a number for the others", () => {
    expect(publicationData(STAMP, undefined, undefined)).toBe("1763777777777")
    expect(JSON.parse(publicationData(STAMP, 7, undefined))).toEqual({ stamp: STAMP, seq: 7 })
  })

  it.each([64, 65, 1000])("is filled to %i bytes", (bytes) => {
    for (const sequence of [undefined, 1, 123_456]) {
      const data = publicationData(STAMP, sequence, bytes)
      expect(data).toHaveLength(bytes)
      expect(JSON.parse(data)).toMatchObject({ stamp: STAMP })
    }
  })

  it("goes into a batch as it is", () => {
    expect(JSON.parse(batchBody('a"b', ["1", '{"x":2}']).toString())).toEqual({
      commands: [{ publish: { channel: 'a"b', data: 1 } }, { publish: { channel: 'a"b', data: { x: 2 } } }]
    })
  })
})

describe("the answer to a batch", () => {
  const answer = (status: number, body: unknown, count = 2) =>
    batchAnswer(status, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), count)

  it("counts what was taken", () => {
    expect(answer(200, { replies: [{ publish: {} }, { publish: {} }] })).toEqual({ accepted: 2 })
    expect(answer(200, { replies: [{ publish: {} }, { error: { code: 100, message: "m" } }] })).toEqual({
      accepted: 1,
      problem: 'the server API answered with {"code":100,"message":"m"}'
    })
  })

  it.each([401, 403, 404, 405])("with HTTP %i refuses for good", (status) => {
    expect(answer(status, "")).toHaveProperty("refused")
  })

  it.each([
    [500, "oops"],
    [200, "not JSON"],
    [200, { result: {} }],
    [200, "null"]
  ])("with HTTP %i and %j took nothing, this time", (status, body) => {
    expect(answer(status, body)).toMatchObject({ accepted: 0, problem: expect.any(String) })
  })
})
