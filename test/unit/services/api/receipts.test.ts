/** The member `receipt` of the methods publish and broadcast, and what is published to everyone. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { ApiFixture } from "../../../support/api/ApiFixture.ts"
import { UNAVAILABLE } from "../../../support/api/fakes.ts"
import { deliver } from "../../../support/receipts/receipts.ts"

const PUBLISH = "/api/publish"
const BROADCAST = "/api/broadcast"

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/

const body = async (api: ApiFixture, path: string, request: object) => {
  const answer = await api.ask(path, request)
  return String(answer.body)
}

const get = (api: ApiFixture, id: string) => Effect.runPromise(api.receipts.get(id))
const list = async (api: ApiFixture) => (await Effect.runPromise(api.receipts.list({ limit: 10 }))).items

/** A broker that has one subscriber for each publication, who gets it at once. */
const delivering = () => {
  const api = new ApiFixture()
  const known = api.broker.published
  api.broker.published = (channel, options) => {
    if (options.delivery !== undefined) deliver(options.delivery, [[1, 0, 0]])
    return known(channel, options)
  }
  return api
}

describe("a request that asks for a receipt", () => {
  it("has one of its own name, which says what became of the publication", async () => {
    const api = delivering()
    const request = { channel: "a", data: 1, receipt: 'my "id"' }
    expect(await body(api, PUBLISH, request)).toBe('{"result":{"receipt":"my \\"id\\""}}')
    expect(await get(api, 'my "id"')).toMatchObject({
      kind: "broadcast",
      channels: ["a"],
      eligible: 1,
      written: 1,
      isComplete: true
    })
  })

  it("or a fresh one, beside the position", async () => {
    const api = delivering()
    const { result } = JSON.parse(await body(api, PUBLISH, { channel: "kept:a", data: 1, receipt: true }))
    expect(result).toEqual({ offset: 1, epoch: "epoch", receipt: expect.stringMatching(UUID) })
    expect(await get(api, result.receipt)).toMatchObject({ written: 1, isComplete: true })
  })

  it("for all of its channels together", async () => {
    const api = delivering()
    const request = { channels: ["a", "kept:b", "no:such", "c"], data: 1, receipt: "all" }
    expect(await body(api, BROADCAST, request)).toBe(
      '{"result":{"responses":[{"result":{}},{"result":{"offset":2,"epoch":"epoch"}},' +
        '{"error":{"code":102,"message":"unknown channel"}},{"result":{}}],"receipt":"all"}}'
    )
    expect(await get(api, "all")).toMatchObject({
      channelCount: 4,
      eligible: 3,
      written: 3,
      isComplete: true
    })
  })

  it("sees it under way", async () => {
    const api = new ApiFixture()
    expect(await body(api, PUBLISH, { channel: "a", data: 1, receipt: "r" })).toContain('"receipt":"r"')
    expect(await get(api, "r")).toMatchObject({ isComplete: false })
    deliver(api.broker.publications[0]!.options.delivery!, [[2, 1, 0]])
    expect(await get(api, "r")).toMatchObject({ isComplete: true, eligible: 3, dropped: 1 })
  })

  it.each([
    ["was known before", "a", true],
    ["could not be published", UNAVAILABLE, false],
    ["names a channel that cannot be", "no:such", false]
  ])("has none where it %s, and the receipt of before stays", async (_, channel, isSuppressed) => {
    const api = delivering()
    await body(api, PUBLISH, { channel: "a", data: 1, receipt: "r" })
    const before = await get(api, "r")
    api.broker.published = () => Effect.succeed({ offset: 1, epoch: "e", isSuppressed })
    expect(await body(api, PUBLISH, { channel, data: 1, receipt: "r" })).not.toContain("receipt")
    expect(await get(api, "r")).toEqual(before)
    expect(before).toMatchObject({ written: 1 })
  })

  it("does not count the channels of a broadcast where nothing was published", async () => {
    const api = delivering()
    const { published } = api.broker
    api.broker.published = (channel, options) =>
      channel === "known"
        ? Effect.succeed({ offset: 0, epoch: "", isSuppressed: true })
        : published(channel, options)
    await body(api, BROADCAST, { channels: ["known", UNAVAILABLE, "a"], data: 1, receipt: "r" })
    expect(await get(api, "r")).toMatchObject({ eligible: 1, isComplete: true })
  })

  it("is refused with an id that is empty, too long or half a character, or is none", async () => {
    const api = delivering()
    for (const receipt of ["", "x".repeat(256), "a\ud800", "\udc00\ud800"])
      expect(await api.code(PUBLISH, { channel: "a", data: 1, receipt })).toBe(107)
    for (const receipt of [1, {}, []])
      expect((await api.ask(PUBLISH, { channel: "a", data: 1, receipt })).status).toBe(400)
    expect(api.broker.publications).toEqual([])
    expect(await api.code(PUBLISH, { channel: "a", data: 1, receipt: "x".repeat(255) })).toBeUndefined()
    expect(await api.code(PUBLISH, { channel: "a", data: 1, receipt: "\ud83d\ude00" })).toBeUndefined()
  })

  it("may stand in a batch", async () => {
    const api = delivering()
    const commands = [
      { publish: { channel: "a", data: 1, receipt: "r" } },
      { publish: { channel: "a", data: 1 } }
    ]
    expect(await body(api, "/api/batch", { commands })).toBe(
      '{"replies":[{"publish":{"receipt":"r"}},{"publish":{}}]}'
    )
  })
})

describe("a request that does not ask", () => {
  it("is answered as ever, and has no receipt", async () => {
    const api = delivering()
    for (const asked of [{}, { receipt: false }, { receipt: null }]) {
      expect(await body(api, PUBLISH, { channel: "a", data: 1, ...asked })).toBe('{"result":{}}')
      expect(await body(api, BROADCAST, { channels: ["a"], data: 1, ...asked })).toBe(
        '{"result":{"responses":[{"result":{}}]}}'
      )
    }
    expect(await list(api)).toEqual([])
    expect(api.broker.publications.every(({ options }) => options.delivery === undefined)).toBe(true)
  })

  it("keeps one all the same of what everyone hears", async () => {
    const api = delivering()
    expect(await body(api, PUBLISH, { channel: "broadcast", data: 1 })).toBe('{"result":{}}')
    expect(await body(api, BROADCAST, { channels: ["a", "broadcast"], data: 1 })).not.toContain("receipt")
    expect((await list(api)).map(({ channels, written }) => [channels, written])).toEqual([
      [["a", "broadcast"], 2],
      [["broadcast"], 1]
    ])
  })
})
